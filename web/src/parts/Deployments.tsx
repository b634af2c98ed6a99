/* What was put where, and whether it was seen served there afterwards. */
import { Button, Label } from '@patternfly/react-core';
import { useQueryClient } from '@tanstack/react-query';
import { api } from '../api/client';
import type { Deployment } from '../api/types';
import { Link } from '../app/router';
import { DeploymentLabel } from './Labels';
import { Time } from './Time';
import { useToasts } from './Toasts';

const isOver = (d: Deployment): boolean => ['seen', 'put_back', 'failed'].includes(d.state);

/* How soon to ask again: often while something is under way. */
export const deploymentsInterval = (items: Deployment[] | undefined): number => (items?.some((d) => !isOver(d)) ? 2000 : 30000);

function Addresses({ deployment: d }: { deployment: Deployment }) {
  if (d.addresses.length === 0) return null;
  return (
    <ul className="cd-addresses" aria-label={`Addresses of ${d.resource.name}`}>
      {d.addresses.map((a) => (
        <li key={`${a.endpoint} ${a.address ?? ''}`} className="cd-labels">
          <Label isCompact variant="outline" status={a.is_expected ? 'success' : 'warning'}>{a.is_expected ? 'Serves it' : a.fingerprint ? 'Serves another' : 'Not seen'}</Label>
          <span className="cd-break">{a.endpoint}{a.address && !a.endpoint.startsWith(a.address) && ` at ${a.address}`}</span>
          <span className="cd-quiet">{a.error && `${a.error}, `}<Time at={a.checked_at} show="ago" /></span>
        </li>
      ))}
    </ul>
  );
}

/* What it waits for, or until when. */
function Outlook({ deployment: d }: { deployment: Deployment }) {
  if (isOver(d)) return d.retry_at && d.state !== 'seen' ? <p className="cd-quiet">Tried again by itself <Time at={d.retry_at} show="ago" />.</p> : null;
  if (d.is_putting_back) return <p className="cd-quiet">The previous certificate is being put back.</p>;
  return d.prove_until ? <p className="cd-quiet">Every address must present it; given up <Time at={d.prove_until} show="ago" />.</p> : null;
}

interface DeploymentListProps {
  items: Deployment[];
  show: 'resource' | 'certificate';
  mayRetry: boolean;
}

export function DeploymentList({ items, show, mayRetry }: DeploymentListProps) {
  const client = useQueryClient();
  const toasts = useToasts();
  const retry = (id: number) => {
    api.post('/deployments/{id}/retry', undefined, { path: { id } })
      .then(() => ['deployments', 'ticket'].map((key) => client.invalidateQueries({ queryKey: [key] })))
      .catch((error: unknown) => toasts.failed('Could not try again', error));
  };
  return (
    <ul className="cd-rows" aria-label="Deployments">
      {items.map((d) => (
        <li key={d.id}>
          <span className="cd-row-main">
            <span className="cd-labels">
              <DeploymentLabel state={d.state} />
              {show === 'resource' ? <Link to={`/resources/${d.resource.id}`}>{d.resource.name}</Link> : <Link to={`/certificates/${d.certificate.id}`} className="cd-break">{d.certificate.name}</Link>}
              {d.slot && <span className="cd-quiet cd-break">{d.slot}</span>}
              <code className="cd-quiet" title={d.version}>{d.version.slice(0, 16)}</code>
              {d.ticket && <Link to={`/tickets/${d.ticket}`}>{d.ticket}</Link>}
            </span>
            {d.error && <p className="cd-bad cd-said">{d.error}</p>}
            <Outlook deployment={d} />
            <Addresses deployment={d} />
          </span>
          <span className="cd-row-side cd-quiet">
            <Time at={d.finished_at ?? d.started_at ?? d.created_at} show="ago" />
            {mayRetry && (d.state === 'failed' || d.state === 'put_back') && <> <Button variant="link" isInline onClick={() => retry(d.id)} aria-label={`Try again: ${d.resource.name}`}>Try again</Button></>}
          </span>
        </li>
      ))}
    </ul>
  );
}
