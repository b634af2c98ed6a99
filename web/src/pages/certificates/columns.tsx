/* The columns of the certificates table. Which are shown is kept in this browser. */
import { useState, type ReactNode } from 'react';
import type { Certificate, CustomField } from '../../api/types';
import { Link } from '../../app/router';
import { useCustomFields } from '../../parts/customFields';
import { FlagLabel, StatusLabel, Tags, TicketStatusLabel } from '../../parts/Labels';
import { Expiry, Time } from '../../parts/Time';
import { chainWords, count, isTicketStatus, keyWords, shortName, sourceWords } from '../../parts/words';

export interface Column {
  id: string;
  title: string;
  sort?: string;
  isDefault?: boolean;
  cell: (c: Certificate) => ReactNode;
}

function Names({ c }: { c: Certificate }) {
  const more = (c.current?.sans_total ?? 0) - 1;
  const first = c.current?.sans[0];
  return (
    <span className="cd-two-lines">
      <Link to={`/certificates/${c.id}`} className="cd-break">{c.name}</Link>
      {first && (first !== c.name || more > 0) && (
        <span className="cd-quiet cd-break">
          {[first !== c.name && first, more > 0 && count(more, 'more name')].filter(Boolean).join(' and ')}
        </span>
      )}
    </span>
  );
}

function Status({ c }: { c: Certificate }) {
  return (
    <span className="cd-labels">
      <StatusLabel status={c.status} />
      {c.flags.map((flag) => <FlagLabel key={flag} flag={flag} />)}
      {c.ticket && <Link to={`/tickets/${c.ticket}`} className="cd-nowrap">{c.ticket}</Link>}
    </span>
  );
}

function Checked({ c }: { c: Certificate }) {
  const { total, last_checked_at: at, last_error: error } = c.endpoints_summary;
  if (total === 0) return <span className="cd-quiet">no endpoint</span>;
  return (
    <span className="cd-two-lines">
      <Time at={at} show="ago" otherwise="not yet" />
      {error && <span className="cd-bad cd-clip" title={error}>{error}</span>}
    </span>
  );
}

const person = (name: string | null) => name ?? <span className="cd-quiet">nobody</span>;

export const columns: Column[] = [
  { id: 'name', title: 'Name', sort: 'name', isDefault: true, cell: (c) => <Names c={c} /> },
  { id: 'status', title: 'Status', sort: 'status', isDefault: true, cell: (c) => <Status c={c} /> },
  { id: 'resources', title: 'Associated resources', sort: 'resources', isDefault: true, cell: (c) => (c.resources.length > 0 ? <span className="cd-few-lines">{c.resources.join(', ')}</span> : '–') },
  { id: 'expires_at', title: 'Expiration date', sort: 'expires_at', isDefault: true, cell: (c) => <Expiry at={c.expires_at} days={c.days_left} /> },
  { id: 'issuer', title: 'Issuer', sort: 'issuer', cell: (c) => (c.current ? <span title={c.current.issuer} className="cd-few-lines">{shortName(c.current.issuer)}</span> : '–') },
  { id: 'owner', title: 'Owner', sort: 'owner', isDefault: true, cell: (c) => c.owner },
  { id: 'checked', title: 'Last check', sort: 'last_checked_at', isDefault: true, cell: (c) => <Checked c={c} /> },
  { id: 'assignee', title: 'Assignee', cell: (c) => person(c.assignee) },
  { id: 'ticket', title: 'Ticket', cell: (c) => (c.ticket ? <Link to={`/tickets/${c.ticket}`} className="cd-nowrap">{c.ticket}</Link> : '–') },
  { id: 'tags', title: 'Tags', cell: (c) => <Tags tags={c.tags} /> },
  { id: 'business_group', title: 'Business group', sort: 'business_group', cell: (c) => c.business_group ?? '–' },
  { id: 'source', title: 'Source', cell: (c) => sourceWords[c.source] },
  { id: 'profile', title: 'Profile', cell: (c) => c.profile ?? '–' },
  { id: 'stage', title: 'Stage', cell: (c) => (isTicketStatus(c.stage) ? <TicketStatusLabel status={c.stage} /> : '–') },
  { id: 'certificate_id', title: 'Certificate ID', cell: (c) => c.certificate_id ?? '–' },
  { id: 'chain', title: 'Chain', cell: (c) => (c.current ? chainWords[c.current.chain_status] : '–') },
  { id: 'key', title: 'Key', cell: (c) => (c.current ? keyWords(c.current.key) : '–') },
  { id: 'private_key', title: 'Private key', cell: (c) => (c.has_private_key ? 'In the vault' : '–') },
  { id: 'endpoints', title: 'Endpoints', cell: (c) => c.endpoints_summary.total },
  { id: 'created_at', title: 'Added', sort: 'created_at', cell: (c) => <Time at={c.created_at} show="date" /> },
  { id: 'updated_at', title: 'Changed', sort: 'updated_at', cell: (c) => <Time at={c.updated_at} show="date" /> },
];

/* One for each custom field. */
function customColumns(fields: CustomField[]): Column[] {
  return fields.map((f) => ({ id: `field.${f.name}`, title: f.label, cell: (c) => <span className="cd-break">{c.fields?.[f.name] ?? '–'}</span> }));
}

const key = 'certdesk.columns';
const defaults = columns.filter((c) => c.isDefault).map((c) => c.id);

function stored(): string[] {
  const list = (window.localStorage.getItem(key) ?? '').split(',').filter(Boolean);
  return list.length > 0 ? list : defaults;
}

export interface Columns {
  all: Column[];
  shown: Column[];
  ids: string[];
  choose: (ids: string[]) => void;
}

/* Which are shown is kept in this browser, and in saved views. */
export function useColumns(): Columns {
  const fields = useCustomFields();
  const [ids, setIds] = useState(stored);
  const all = [...columns, ...customColumns(fields)];
  const shown = all.filter((c) => ids.includes(c.id));
  const choose = (chosen: string[]) => {
    const withName = [...new Set(['name', ...chosen])];
    window.localStorage.setItem(key, withName.join(','));
    setIds(withName);
  };
  return { all, shown: shown.length > 0 ? shown : columns.filter((c) => c.isDefault), ids, choose };
}
