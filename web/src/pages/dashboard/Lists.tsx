/* The dashboard's short lists: tickets that wait, endpoints that fail, runs, issuers. */
import { Alert, Card, CardBody, CardTitle, GridItem } from '@patternfly/react-core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { api } from '../../api/client';
import type { Dashboard } from '../../api/types';
import { Link } from '../../app/router';
import { useMe } from '../../app/session';
import { PriorityLabel } from '../../parts/Labels';
import { Time } from '../../parts/Time';
import { count, errorWords, hostPort, keyWords, scheduleWords, shortName } from '../../parts/words';

interface ListCardProps {
  title: string;
  none: string;
  isEmpty: boolean;
  more?: ReactNode;
  children: ReactNode;
}

function ListCard({ title, none, isEmpty, more, children }: ListCardProps) {
  return (
    <Card isFullHeight>
      <CardTitle component="h2">{title}</CardTitle>
      <CardBody>
        {isEmpty ? <p className="cd-quiet">{none}</p> : <ul className="cd-rows">{children}</ul>}
        {more && <p className="cd-more">{more}</p>}
      </CardBody>
    </Card>
  );
}

/* As many as stand beside the timeline; the list of tickets has them all. */
const NEEDS_ME_SHOWN = 5;

export function NeedsMe({ tickets, total }: { tickets: Dashboard['needs_me']; total: number }) {
  const me = useMe();
  return (
    <ListCard
      title="What needs you"
      none="Nothing waits for you."
      isEmpty={tickets.length === 0}
      more={total > 0 && (
        <>
          {tickets.length > NEEDS_ME_SHOWN && <><Link to={`/tickets?assignee=${encodeURIComponent(me.name)}`}>Yours ({tickets.length})</Link>, </>}
          <Link to="/tickets?open=true">All open tickets ({total.toLocaleString('en')})</Link>
        </>
      )}
    >
      {tickets.slice(0, NEEDS_ME_SHOWN).map((t) => (
        <li key={t.key}>
          <span className="cd-row-main">
            <Link to={`/tickets/${t.key}`}>{t.key}</Link> {t.summary}
          </span>
          <span className="cd-row-side"><PriorityLabel priority={t.priority} /></span>
        </li>
      ))}
    </ListCard>
  );
}

export function FailingEndpoints({ failing }: { failing: Dashboard['failing'] }) {
  const more = failing.total - failing.items.length;
  return (
    <ListCard
      title={failing.total > 0 ? `Failing endpoints (${failing.total.toLocaleString('en')})` : 'Failing endpoints'}
      none="Every endpoint answers."
      isEmpty={failing.items.length === 0}
      more={more > 0 && <Link to="/certificates?flag=unreachable">{count(more, 'more endpoint')}</Link>}
    >
      {failing.items.map((e) => (
        <li key={e.id}>
          <span className="cd-row-main">
            {e.certificates[0]
              ? <Link to={`/certificates/${e.certificates[0].id}?tab=endpoints`}>{hostPort(e)}</Link> : hostPort(e)}
            <span className="cd-quiet" title={e.error.message}> {errorWords[e.error.class]}</span>
          </span>
          <span className="cd-row-side cd-quiet">since <Time at={e.failing_since} show="ago" /></span>
        </li>
      ))}
    </ListCard>
  );
}

/* What is amiss with CAs of one's own: everything they issued may be refused for it. */
export function CaTroubles({ cas }: { cas: Dashboard['cas'] }) {
  return (
    <div className="cd-alerts">
      {cas.map((c) => (
        <Alert
          key={c.name + c.trouble} isInline variant={c.trouble === 'expired' || c.trouble === 'crl_stale' ? 'danger' : 'warning'}
          title={<>CA <Link to={`/cas/${encodeURIComponent(c.name)}`}>{c.name}</Link>: {c.message}</>}
        />
      ))}
    </div>
  );
}

export function Runs({ schedules }: { schedules: Dashboard['schedules'] }) {
  return (
    <ListCard title="Runs" none="Nothing is scheduled." isEmpty={schedules.length === 0} more={<Link to="/jobs">Jobs and schedules</Link>}>
      {schedules.map((s) => (
        <li key={s.name}>
          <span className="cd-row-main">{scheduleWords(s.name)}</span>
          <span className="cd-row-side cd-quiet">
            last <Time at={s.last_run_at} show="ago" otherwise="never" />, next <Time at={s.next_run_at} show="ago" />
          </span>
        </li>
      ))}
    </ListCard>
  );
}

interface Share {
  key: string;
  title: string;
  count: number;
  to?: string;
}

/* Shares of a whole, each with a bar behind it. */
function Shares({ title, shares }: { title: string; shares: Share[] }) {
  const most = Math.max(1, ...shares.map((s) => s.count));
  return (
    <ListCard title={title} none="" isEmpty={false}>
      {shares.map((s) => (
        <li key={s.key}>
          <span className="cd-row-main" title={s.key}>{s.to ? <Link to={s.to}>{s.title}</Link> : s.title}</span>
          <span className="cd-row-side">{s.count.toLocaleString('en')}</span>
          <svg className="cd-share-bar" viewBox="0 0 100 2" preserveAspectRatio="none" aria-hidden><rect width={Math.max(1, (100 * s.count) / most)} height={2} className="cd-bar" /></svg>
        </li>
      ))}
    </ListCard>
  );
}

export function Issuers({ issuers }: { issuers: Dashboard['issuers'] }) {
  const shares = issuers.map((i) => ({ key: i.name, title: shortName(i.name), count: i.count, to: `/certificates?issuer=${encodeURIComponent(i.name)}` }));
  return <Shares title="Issuers of most certificates" shares={shares} />;
}

export function KeyTypes({ types }: { types: NonNullable<Dashboard['key_types']> }) {
  return <Shares title="Kinds of key" shares={types.map((t) => ({ key: `${t.algorithm}/${t.size}`, title: keyWords(t), count: t.count }))} />;
}

/* What was issued by a profile and is served nowhere that we know of. Nothing is shown while there is none. */
export function NeverSeen() {
  const query = useQuery({
    queryKey: ['certificates', 'never-seen'],
    queryFn: ({ signal }) => api.get('/certificates', { query: { source: 'managed', seen: 'never', status: 'valid,expiring_soon', sort: '-created_at', limit: 5 }, signal }),
    refetchInterval: 60000,
  });
  const found = query.data?.items ?? [];
  if (found.length === 0) return null;
  return (
    <GridItem span={12} lg={6}>
      <ListCard title="Issued, never seen" none="" isEmpty={false} more={<Link to="/certificates?source=managed&seen=never">All of them ({(query.data?.total ?? 0).toLocaleString('en')})</Link>}>
        {found.map((c) => (
          <li key={c.id}>
            <span className="cd-row-main"><Link to={`/certificates/${c.id}`}>{c.name}</Link></span>
            <span className="cd-row-side cd-quiet">until <Time at={c.expires_at} show="date" /></span>
          </li>
        ))}
      </ListCard>
    </GridItem>
  );
}
