/* The dashboard's short lists: tickets that wait, endpoints that fail, runs, issuers. */
import { Card, CardBody, CardTitle } from '@patternfly/react-core';
import type { ReactNode } from 'react';
import type { Dashboard } from '../../api/types';
import { Link } from '../../app/router';
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

export function NeedsMe({ tickets, total }: { tickets: Dashboard['needs_me']; total: number }) {
  return (
    <ListCard
      title="What needs you"
      none="Nothing waits for you."
      isEmpty={tickets.length === 0}
      more={total > 0 && <Link to="/tickets?open=true">All open tickets ({total.toLocaleString('en')})</Link>}
    >
      {tickets.map((t) => (
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
