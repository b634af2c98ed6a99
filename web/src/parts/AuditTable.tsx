/* Log entries: who did what, and what it changed. */
import { Button } from '@patternfly/react-core';
import { ExpandableRowContent, Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useState } from 'react';
import type { AuditEntry } from '../api/types';
import { Link } from '../app/router';
import { Time } from './Time';
import { plain } from './words';

const isThere = (value: unknown): boolean => value !== null && value !== undefined && value !== '';

type Plain = Record<string, unknown>;

const isPlain = (value: unknown): value is Plain => typeof value === 'object' && value !== null && !Array.isArray(value);
const said = (value: unknown): string => (value === null || value === undefined || value === '' ? '–' : typeof value === 'string' ? value : JSON.stringify(value));

/* Fields that differ, where before and after are objects. */
function Differences({ before, after }: { before: Plain; after: Plain }) {
  const names = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter((n) => said(before[n]) !== said(after[n]));
  return (
    <Table variant="compact" borders={false} aria-label="What has changed">
      <Thead><Tr><Th>Field</Th><Th>Before</Th><Th>After</Th></Tr></Thead>
      <Tbody>
        {names.map((n) => (
          <Tr key={n}>
            <Td dataLabel="Field">{plain(n)}</Td>
            <Td dataLabel="Before"><span className="cd-break">{said(before[n])}</span></Td>
            <Td dataLabel="After"><span className="cd-break">{said(after[n])}</span></Td>
          </Tr>
        ))}
      </Tbody>
    </Table>
  );
}

function Values({ entry }: { entry: AuditEntry }) {
  if (isPlain(entry.before) && isPlain(entry.after)) return <Differences before={entry.before} after={entry.after} />;
  return (
    <div className="cd-values">
      {isThere(entry.before) && <div><strong>Before</strong><pre>{JSON.stringify(entry.before, null, 2)}</pre></div>}
      {isThere(entry.after) && <div><strong>After</strong><pre>{JSON.stringify(entry.after, null, 2)}</pre></div>}
    </div>
  );
}

function ObjectName({ entry }: { entry: AuditEntry }) {
  const text = entry.object_name || (entry.object_id ? `${plain(entry.object_type)} ${entry.object_id}` : plain(entry.object_type));
  if (entry.object_type === 'certificate' && entry.object_id)
    return <Link to={`/certificates/${entry.object_id}`}>{text}</Link>;
  if (entry.object_type === 'ticket' && entry.object_name) return <Link to={`/tickets/${entry.object_name}`}>{text}</Link>;
  return <>{text}</>;
}

export function AuditTable({ entries, withObject }: { entries: AuditEntry[]; withObject: boolean }) {
  const [open, setOpen] = useState<ReadonlySet<number>>(new Set());
  const toggle = (id: number) => {
    const next = new Set(open);
    if (!next.delete(id)) next.add(id);
    setOpen(next);
  };
  return (
    <Table variant="compact" aria-label="Log" className="cd-table">
      <Thead>
        <Tr>
          <Th>When</Th><Th>Who</Th><Th>What</Th>
          {withObject && <Th>On what</Th>}
          <Th>From</Th><Th screenReaderText="Details" />
        </Tr>
      </Thead>
      {entries.map((entry) => {
        const hasValues = isThere(entry.before) || isThere(entry.after);
        return (
          <Tbody key={entry.id} isExpanded={open.has(entry.id)}>
            <Tr>
              <Td dataLabel="When"><Time at={entry.at} /></Td>
              <Td dataLabel="Who">{entry.actor}</Td>
              <Td dataLabel="What">{plain(entry.action)}</Td>
              {withObject && <Td dataLabel="On what"><span className="cd-break"><ObjectName entry={entry} /></span></Td>}
              <Td dataLabel="From">{entry.address || <span className="cd-quiet">inside</span>}</Td>
              <Td dataLabel="Details">
                {hasValues && (
                  <Button variant="link" isInline aria-expanded={open.has(entry.id)} onClick={() => toggle(entry.id)}>
                    {open.has(entry.id) ? 'Hide' : 'Details'}
                  </Button>
                )}
              </Td>
            </Tr>
            {open.has(entry.id) && (
              <Tr isExpanded>
                <Td colSpan={withObject ? 6 : 5}><ExpandableRowContent><Values entry={entry} /></ExpandableRowContent></Td>
              </Tr>
            )}
          </Tbody>
        );
      })}
    </Table>
  );
}
