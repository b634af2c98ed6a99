/* Tickets by stage: a column for each, with the newest on top. */
import { Card, CardBody } from '@patternfly/react-core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { api, queryText } from '../../api/client';
import type { BoardColumn, Ticket } from '../../api/types';
import { Link, useSearch } from '../../app/router';
import { PriorityLabel } from '../../parts/Labels';
import { Loaded, Nothing } from '../../parts/States';
import { Time } from '../../parts/Time';
import { count } from '../../parts/words';
import { boardParamsOf } from './filter';
import { QuietLabel } from './TicketTable';

function Item({ t }: { t: Ticket }) {
  return (
    <Card isCompact component="li" className="cd-tile">
      <CardBody>
        <p className="cd-break"><Link to={`/tickets/${t.key}`}>{t.key} {t.summary}</Link></p>
        <p className="cd-labels cd-quiet">
          {t.priority !== 'medium' && <PriorityLabel priority={t.priority} />}
          <QuietLabel ticket={t} />
          {t.labels.map((l) => <Link key={l} to={`/tickets${queryText({ view: 'board', label: l })}`}>{l}</Link>)}
          {t.profile && <span>{t.profile}</span>}
          <span>{t.assignee ?? 'nobody'}</span>
          {t.expires_at && <span>until <Time at={t.expires_at} show="date" /></span>}
        </p>
      </CardBody>
    </Card>
  );
}

function Column({ column: c, more }: { column: BoardColumn; more: string }) {
  const rest = c.total - c.items.length;
  return (
    <section className="cd-column" aria-label={c.title}>
      <h2 className="cd-column-title">{c.title} <span className="cd-quiet" aria-label={count(c.total, 'ticket')}>{c.total_is_estimate && 'about '}{c.total.toLocaleString('en')}</span></h2>
      {c.items.length === 0 ? <p className="cd-quiet">None</p> : <ul className="cd-column-items">{c.items.map((t) => <Item key={t.key} t={t} />)}</ul>}
      {rest > 0 && <p className="cd-more"><Link to={more}>{rest.toLocaleString('en')} more</Link></p>}
    </section>
  );
}

/* Statuses that last seconds: their columns are there while something is in them. */
const passing = new Set<string>(['certificate_enrolling', 'certificate_renew', 'certificate_revoking']);

/* What is over goes to the end. */
function shownColumns(columns: BoardColumn[]): BoardColumn[] {
  const shown = columns.filter((c) => c.total > 0 || !passing.has(c.status));
  return [...shown.filter((c) => c.status !== 'done'), ...shown.filter((c) => c.status === 'done')];
}

export function Board() {
  const [search] = useSearch();
  const params = boardParamsOf(search);
  const query = useQuery({
    queryKey: ['tickets', 'board', JSON.stringify(params)],
    placeholderData: keepPreviousData,
    refetchInterval: 15000,
    queryFn: ({ signal }) => api.get('/tickets/board', { query: params, signal }),
  });
  return (
    <Loaded query={query}>
      {({ columns }) => (columns.every((c) => c.total === 0) ? <Nothing title="No tickets">Nothing that you may see fits.</Nothing> : (
        <div className="cd-board" role="group" aria-label="Board" tabIndex={0}>
          {shownColumns(columns).map((c) => <Column key={c.status} column={c} more={`/tickets${queryText({ ...params, status: c.status })}`} />)}
        </div>
      ))}
    </Loaded>
  );
}
