/* What a profile allows, in words; and whether it allows what one is about to ask for. */
import { Alert } from '@patternfly/react-core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { api, ApiError } from '../api/client';
import type { Profile, ProfileAsked, ProfileCheck, TicketNew } from '../api/types';
import { useSettled } from './CertificatePicker';
import { Facts } from './Facts';
import { errorText } from './States';
import { count, keyAlgorithmWords, usageWords } from './words';

export const lifetimeWords = (days: number): string => count(days, 'day');

export function windowWords(p: Pick<Profile, 'window'>): string {
  if (p.window.days) return `${count(p.window.days, 'day')} before the end`;
  return p.window.percent ? `when ${p.window.percent} % of the lifetime is left` : '–';
}

function namesWords(p: Profile): string {
  const kinds = [
    ...p.names.domains, ...(p.names.ip === true ? ['IP addresses'] : Array.isArray(p.names.ip) ? p.names.ip : []),
    ...(p.names.email === true ? ['e-mail addresses'] : Array.isArray(p.names.email) ? p.names.email.map((d) => `…@${d}`) : []),
    ...(p.names.uri ? ['URIs'] : []),
  ];
  return `${kinds.join(', ') || 'none'}${p.names.wildcards ? '; also wildcards' : ''}`;
}

export function ProfileFacts({ profile: p }: { profile: Profile }) {
  const needed = p.approvals.needed ?? 0;
  return (
    <Facts
      isNarrow
      facts={[
        ['CA', p.ca],
        ['For', `${usageWords[p.usage]}, ${lifetimeWords(p.lifetime_days)}`],
        ['Names', <span className="cd-break">{namesWords(p)}</span>],
        ['Keys', p.key.algorithms.map(keyAlgorithmWords).join(', ')],
        ['Renewal', p.renews_itself ? `By itself, ${windowWords(p)}` : `By hand, from ${windowWords(p)}`],
        needed > 0 && ['Approval', `${needed} of ${p.approvals.group ?? 'its group'}`],
      ]}
    />
  );
}

export type Asked = Pick<TicketNew, 'csr' | 'subject' | 'sans' | 'key'>;

/* What the profile says to that, a moment after the typing has paused. Nothing is asked while nothing is filled in. */
export function useProfileCheck(profile: string, asked: Asked | null) {
  const text = useSettled(JSON.stringify(asked), 400);
  const query = useQuery({
    queryKey: ['profiles', profile, 'check', text],
    enabled: profile !== '' && text !== 'null',
    placeholderData: keepPreviousData,
    retry: false,
    queryFn: ({ signal }) => api.post('/profiles/{name}/check', JSON.parse(text) as ProfileAsked, { path: { name: profile }, signal }),
  });
  return { ...query, isAsked: profile !== '' && text !== 'null' };
}

/* The rules broken, as if the server had refused: so that each stands at its field. */
export function errorOfCheck(check: ProfileCheck | undefined): ApiError | null {
  if (!check || check.allowed) return null;
  return new ApiError(400, { type: 'about:blank', title: '', status: 400, detail: '', errors: check.broken.map(({ field, message }) => ({ field, message })) });
}

export function CheckResult({ check }: { check: ReturnType<typeof useProfileCheck> }) {
  if (!check.isAsked) return null;
  if (check.error) return <Alert isInline variant="danger" title={errorText(check.error)} />;
  if (!check.data) return null;
  if (check.data.allowed) return <Alert isInline variant="success" title="The profile allows it" />;
  return (
    <Alert isInline variant="warning" title={`The profile does not allow it: ${count(check.data.broken.length, 'rule is', 'rules are')} broken`}>
      <ul className="cd-broken" aria-label="Rules broken">{check.data.broken.map((b) => <li key={b.rule + b.field + b.message}>{b.message}</li>)}</ul>
    </Alert>
  );
}
