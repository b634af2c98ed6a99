/* What each address of an endpoint served last, for each kind of key. */
import { Button, Label } from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import type { Endpoint, Observation } from '../../api/types';
import { Time } from '../../parts/Time';
import { chainWords, errorWords, hostPort, observationRoleWords } from '../../parts/words';

export interface ObservationActions {
  confirm?: (o: Observation) => void;
  setDead?: (o: Observation, isDead: boolean) => void;
  decode?: (o: Observation) => void;
}

const roleColors = { current: 'green', successor: 'blue', superseded: 'grey', foreign: 'orange', rolled_back: 'orange' } as const;

function Seen({ o, decode }: { o: Observation; decode?: (o: Observation) => void }) {
  if (!o.version) return <span className="cd-quiet">nothing yet</span>;
  const short = `${o.version.fingerprint_sha256.slice(0, 16)}…`;
  return (
    <span className="cd-two-lines">
      <span className="cd-labels">
        {decode ? <Button variant="link" isInline onClick={() => decode(o)}><code title={o.version.fingerprint_sha256}>{short}</code></Button>
          : <code>{short}</code>}
        {o.role && <Label isCompact color={roleColors[o.role]}>{observationRoleWords[o.role]}</Label>}
      </span>
      <span className="cd-quiet cd-break">{o.version.name}, until <Time at={o.version.not_after} show="date" /></span>
    </span>
  );
}

function Verdict({ o }: { o: Observation }) {
  if (!o.version) return <>–</>;
  return (
    <span className="cd-two-lines">
      <span className={o.chain_status === 'trusted' ? undefined : 'cd-warn'}>{chainWords[o.chain_status]}</span>
      <span className={o.hostname_match === false ? 'cd-warn' : 'cd-quiet'}>
        {o.hostname_match === false ? 'Name does not match' : 'Name matches'}
      </span>
    </span>
  );
}

function Connection({ o }: { o: Observation }) {
  return (
    <span className="cd-two-lines">
      <span>{o.protocol || '–'}{o.group && `, ${o.group}`}</span>
      <span className="cd-quiet cd-break">{o.cipher}</span>
    </span>
  );
}

function LastSeen({ o }: { o: Observation }) {
  return (
    <span className="cd-two-lines">
      {o.error ? <span className="cd-bad" title={o.error.message}>{errorWords[o.error.class]}</span>
        : <span>checked <Time at={o.checked_at} show="ago" /></span>}
      {o.error && <span className="cd-quiet cd-break">{o.error.message}</span>}
      {o.first_seen_at && <span className="cd-quiet">seen since <Time at={o.first_seen_at} show="date" /></span>}
      {o.error && o.last_seen_at && <span className="cd-quiet">last seen <Time at={o.last_seen_at} show="ago" /></span>}
    </span>
  );
}

function Actions({ o, actions }: { o: Observation; actions: ObservationActions }) {
  return (
    <span className="cd-two-lines">
      {actions.confirm && (o.role === 'foreign' || o.role === 'rolled_back') && (
        <Button variant="link" isInline onClick={() => actions.confirm?.(o)}>Confirm as current</Button>
      )}
      {actions.setDead && o.dead && (
        <Button variant="link" isInline onClick={() => actions.setDead?.(o, false)}>It lives after all</Button>
      )}
      {actions.setDead && !o.dead && o.error && (
        <Button variant="link" isInline onClick={() => actions.setDead?.(o, true)}>This address is dead</Button>
      )}
    </span>
  );
}

export function ObservationTable({ endpoint, actions }: { endpoint: Endpoint; actions: ObservationActions }) {
  return (
    <Table variant="compact" borders={false} className="cd-observations" aria-label={`Last results of ${hostPort(endpoint)}`}>
      <Thead>
        <Tr>
          <Th>Address</Th><Th>Certificate</Th><Th>Chain and name</Th><Th>Connection</Th><Th>Last check</Th>
          <Th screenReaderText="Actions" />
        </Tr>
      </Thead>
      <Tbody>
        {endpoint.observations.map((o) => (
          <Tr key={o.id}>
            <Td dataLabel="Address">
              <span className="cd-two-lines">
                <code className="cd-break">{o.address}</code>
                <span className="cd-quiet">
                  {[o.slot.toUpperCase(), !o.in_dns && 'no longer in DNS', o.dead && 'dead'].filter(Boolean).join(', ')}
                </span>
              </span>
            </Td>
            <Td dataLabel="Certificate"><Seen o={o} decode={actions.decode} /></Td>
            <Td dataLabel="Chain and name"><Verdict o={o} /></Td>
            <Td dataLabel="Connection"><Connection o={o} /></Td>
            <Td dataLabel="Last check"><LastSeen o={o} /></Td>
            <Td dataLabel="Actions"><Actions o={o} actions={actions} /></Td>
          </Tr>
        ))}
      </Tbody>
    </Table>
  );
}
