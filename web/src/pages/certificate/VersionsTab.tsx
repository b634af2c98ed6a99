/* The versions of a certificate: what is current, what came before it. */
import { Button, Label } from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useQuery } from '@tanstack/react-query';
import { api } from '../../api/client';
import type { Version } from '../../api/types';
import { Loaded, Nothing } from '../../parts/States';
import { Expiry, Time } from '../../parts/Time';
import { keyWords, plain, shortName, warningWords } from '../../parts/words';
import { Compare } from './Compare';

const roleColors = { current: 'green', staged: 'blue', superseded: 'grey' } as const;
const origins = { seen: 'seen at an endpoint', imported: 'imported', issued: 'issued', confirmed: 'confirmed by a person' };

function Row({ version: v, decode }: { version: Version; decode: (fingerprint: string) => void }) {
  return (
    <Tr>
      <Td dataLabel="Certificate ID">
        <span className="cd-two-lines">
          <Button variant="link" isInline onClick={() => decode(v.fingerprint_sha256)}>{v.certificate_id}</Button>
          <code className="cd-quiet" title={v.fingerprint_sha256}>{v.fingerprint_sha256.slice(0, 16)}…</code>
        </span>
      </Td>
      <Td dataLabel="Role">
        <span className="cd-two-lines">
          <span><Label isCompact color={roleColors[v.role]}>{plain(v.role)}</Label></span>
          <span className="cd-quiet">since <Time at={v.since} show="date" />, {origins[v.origin]}</span>
          {v.has_private_key && <span className="cd-quiet">with its private key</span>}
          {(v.warnings ?? []).map((w) => <span key={w.code} className="cd-warn" title={w.message}>{warningWords[w.code] ?? w.message}</span>)}
        </span>
      </Td>
      <Td dataLabel="Name">
        <span className="cd-two-lines">
          <span className="cd-break">{v.name}</span>
          <span className="cd-quiet">{keyWords(v.key)}</span>
        </span>
      </Td>
      <Td dataLabel="Issuer"><span title={v.issuer}>{shortName(v.issuer)}</span></Td>
      <Td dataLabel="Valid from"><Time at={v.not_before} show="date" /></Td>
      <Td dataLabel="Expiration date"><Expiry at={v.expires_at} days={v.days_left} /></Td>
    </Tr>
  );
}

export function VersionsTab({ id, decode }: { id: number; decode: (fingerprint: string) => void }) {
  const query = useQuery({
    queryKey: ['certificate', id, 'versions'],
    queryFn: ({ signal }) => api.get('/certificates/{id}/versions', { path: { id }, signal }),
  });
  return (
    <Loaded query={query}>
      {(page) => (page.items.length === 0 ? (
        <Nothing title="Nothing seen yet">The first version appears here when an endpoint has answered.</Nothing>
      ) : (
        <div className="cd-stack">
          <div className="cd-scroll">
            <Table variant="compact" aria-label="Versions" className="cd-table">
              <Thead>
                <Tr><Th>Certificate ID</Th><Th>Role</Th><Th>Name</Th><Th>Issuer</Th><Th>Valid from</Th><Th>Expiration date</Th></Tr>
              </Thead>
              <Tbody>{page.items.map((v) => <Row key={v.fingerprint_sha256} version={v} decode={decode} />)}</Tbody>
            </Table>
          </div>
          {page.items.length > 1 && <Compare id={id} versions={page.items} />}
        </div>
      ))}
    </Loaded>
  );
}
