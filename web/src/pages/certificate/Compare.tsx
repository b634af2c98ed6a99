/* Two versions beside each other: only what differs. */
import { Card, CardBody, CardTitle, FormSelect, FormSelectOption } from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client';
import type { Version, VersionDiff } from '../../api/types';
import { localDate, localTime } from '../../parts/dates';
import { Loaded } from '../../parts/States';
import { plain } from '../../parts/words';

const words: Record<string, string> = {
  not_before: 'Valid from', not_after: 'Valid until', key: 'Key', fingerprint_sha256: 'SHA-256 fingerprint', spki_sha256: 'Public key SHA-256',
  signature_algorithm: 'Signature', serial: 'Serial number', ca: 'CA certificate', extended_key_usage: 'Extended key usage', key_usage: 'Key usage',
};

const shown = (value: string): string => (/^\d{4}-\d\d-\d\dT[\d:]+Z$/.test(value) ? localTime(value) : value || '–');

function Lists({ name, lists }: { name: string; lists: { added: string[]; removed: string[] } }) {
  if (lists.added.length + lists.removed.length === 0) return null;
  return (
    <Tr>
      <Td dataLabel="What">{name}</Td>
      <Td dataLabel="Before">{lists.removed.map((n) => <div key={n} className="cd-break cd-removed">− {n}</div>)}</Td>
      <Td dataLabel="After">{lists.added.map((n) => <div key={n} className="cd-break cd-added">+ {n}</div>)}</Td>
    </Tr>
  );
}

function Differences({ diff }: { diff: VersionDiff }) {
  const n = diff.fields.length + diff.sans.added.length + diff.sans.removed.length + diff.chain.added.length + diff.chain.removed.length;
  if (n === 0) return <p className="cd-quiet">Nothing differs.</p>;
  return (
    <div className="cd-scroll">
      <Table variant="compact" aria-label="Differences" className="cd-table">
        <Thead><Tr><Th>What</Th><Th>Before</Th><Th>After</Th></Tr></Thead>
        <Tbody>
          {diff.fields.map((f) => (
            <Tr key={f.name}>
              <Td dataLabel="What">{words[f.name] ?? plain(f.name)}</Td>
              <Td dataLabel="Before"><span className="cd-break">{shown(f.old)}</span></Td>
              <Td dataLabel="After"><span className="cd-break">{shown(f.new)}</span></Td>
            </Tr>
          ))}
          <Lists name="Names" lists={diff.sans} />
          <Lists name="Chain" lists={{ added: diff.chain.added.map((c) => c.name), removed: diff.chain.removed.map((c) => c.name) }} />
        </Tbody>
      </Table>
    </div>
  );
}

function Chooser({ label, versions, value, onChange }: { label: string; versions: Version[]; value: string; onChange: (value: string) => void }) {
  return (
    <FormSelect aria-label={label} value={value} onChange={(_, v) => onChange(v)} className="cd-version">
      {versions.map((v) => (
        <FormSelectOption key={v.fingerprint_sha256} value={v.fingerprint_sha256} label={`${v.certificate_id}, ${plain(v.role)}, until ${localDate(v.not_after)}`} />
      ))}
    </FormSelect>
  );
}

/* The newest two to begin with. */
export function Compare({ id, versions }: { id: number; versions: Version[] }) {
  const [older, setOlder] = useState(versions[1]?.fingerprint_sha256 ?? '');
  const [newer, setNewer] = useState(versions[0]?.fingerprint_sha256 ?? '');
  const query = useQuery({
    queryKey: ['certificate', id, 'diff', older, newer],
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => api.get('/certificates/{id}/versions/{key}/diff/{other}', { path: { id, key: older, other: newer }, signal }),
  });
  return (
    <Card>
      <CardTitle component="h2">What has changed</CardTitle>
      <CardBody className="cd-stack">
        <div className="cd-actions">
          <Chooser label="Before" versions={versions} value={older} onChange={setOlder} />
          <span>and</span>
          <Chooser label="After" versions={versions} value={newer} onChange={setNewer} />
        </div>
        {older === newer ? <p className="cd-quiet">Choose two different versions.</p>
          : <Loaded query={query} lines={3}>{(diff) => <Differences diff={diff} />}</Loaded>}
      </CardBody>
    </Card>
  );
}
