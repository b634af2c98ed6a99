/* What stands in a place while there is nothing else to show: waiting, failed, empty. */
import {
  Button, EmptyState, EmptyStateActions, EmptyStateBody, EmptyStateFooter, Skeleton,
} from '@patternfly/react-core';
import { ExclamationCircleIcon, LockIcon, SearchIcon } from '@patternfly/react-icons';
import type { ComponentType, ReactNode } from 'react';
import { ApiError } from '../api/client';

export function errorText(error: unknown): string {
  if (error instanceof ApiError) {
    const details = error.problem.errors.filter((e) => !error.message.includes(e.message)).map((e) => (e.field ? `${e.field}: ${e.message}` : e.message));
    return details.length > 0 ? `${error.message} (${details.join('; ')})` : error.message;
  }
  return error instanceof Error ? error.message : String(error);
}

/* What the server says about the first of these fields that it complains of. */
export function aboutField(error: unknown, ...fields: string[]): string | undefined {
  if (!(error instanceof ApiError)) return undefined;
  for (const field of fields) {
    const message = error.about(field);
    if (message !== undefined) return message;
  }
  return undefined;
}

export function Failed({ error, retry }: { error: unknown; retry?: () => void }) {
  const isMissing = error instanceof ApiError && error.status === 404;
  const isDenied = error instanceof ApiError && error.status === 403;
  return (
    <EmptyState
      titleText={isMissing ? 'There is no such thing here' : isDenied ? 'This is not for you to see' : 'This could not be loaded'}
      headingLevel="h2"
      icon={isMissing ? SearchIcon : isDenied ? LockIcon : ExclamationCircleIcon}
      status={isMissing || isDenied ? undefined : 'danger'}
    >
      <EmptyStateBody>
        {isMissing ? 'It does not exist, or you may not see it.' : errorText(error)}
      </EmptyStateBody>
      {retry && !isMissing && !isDenied && (
        <EmptyStateFooter>
          <EmptyStateActions><Button onClick={retry}>Try again</Button></EmptyStateActions>
        </EmptyStateFooter>
      )}
    </EmptyState>
  );
}

interface NothingProps {
  title: string;
  children: ReactNode;
  icon?: ComponentType;
  action?: ReactNode;
}

export function Nothing({ title, children, icon, action }: NothingProps) {
  return (
    <EmptyState titleText={title} headingLevel="h2" icon={icon} variant="sm">
      <EmptyStateBody>{children}</EmptyStateBody>
      {action && <EmptyStateFooter><EmptyStateActions>{action}</EmptyStateActions></EmptyStateFooter>}
    </EmptyState>
  );
}

/* As many grey lines as there will be rows, so that nothing jumps. */
export function Waiting({ lines = 5, height = '2.5rem' }: { lines?: number; height?: string }) {
  return (
    <div role="status" aria-label="Loading" className="cd-waiting">
      {Array.from({ length: lines }, (_, i) => <Skeleton key={i} height={height} />)}
    </div>
  );
}

interface LoadedProps<T> {
  query: { data: T | undefined; error: unknown; isPending: boolean; refetch: () => unknown };
  lines?: number;
  children: (data: T) => ReactNode;
}

/* The three states of a query. What was loaded stays on the page when a later refresh fails. */
export function Loaded<T>({ query, lines, children }: LoadedProps<T>) {
  if (query.data !== undefined) return <>{children(query.data)}</>;
  if (query.error) return <Failed error={query.error} retry={() => void query.refetch()} />;
  return <Waiting lines={lines} />;
}
