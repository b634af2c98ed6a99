/* A pasted list of hosts, one certificate for each line. */
import { Alert } from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useRef, useState } from 'react';
import { api } from '../../api/client';
import type { BulkCreateResult, Certificate, Job, Protocol } from '../../api/types';
import { protocols } from '../../api/types';
import { Link } from '../../app/router';
import { AreaField, ChoiceField } from '../../parts/Fields';
import { isOver, JobProgress, useJob } from '../../parts/jobs';
import { StatusLabel } from '../../parts/Labels';
import { aboutField } from '../../parts/States';
import { Time } from '../../parts/Time';
import { count, protocolWords, shortName } from '../../parts/words';
import { Frame } from './Frame';
import type { GeneralBody } from './general';

const outcomes = { created: 'Added', attachable: 'You have it already', error: 'Not added' };

/* The newest records, by number: what was found for each line, as soon as it was looked at. */
const FOUND_MAX = 500;

function useFound(isWanted: boolean): Map<number, Certificate> {
  const query = useQuery({
    queryKey: ['certificates', 'newest', FOUND_MAX],
    enabled: isWanted,
    queryFn: ({ signal }) => api.get('/certificates', { query: { sort: '-created_at', limit: FOUND_MAX }, signal }),
    refetchInterval: ({ state }) => (state.data?.items.some((c) => c.status === 'unknown' && c.endpoints_summary.last_checked_at === null) ? 2000 : false),
  });
  return useMemo(() => new Map(query.data?.items.map((c): [number, Certificate] => [c.id, c])), [query.data]);
}

function FoundCell({ c }: { c: Certificate | undefined }) {
  if (!c) return <>–</>;
  if (!c.current) return <span className="cd-quiet">{c.endpoints_summary.last_error ?? (c.endpoints_summary.last_checked_at ? 'no certificate' : 'being looked at')}</span>;
  return <span className="cd-labels"><StatusLabel status={c.status} /> {c.current.subject && shortName(c.current.subject)}, <Time at={c.expires_at} show="date" /></span>;
}

/* What went wrong is not to be looked for. */
function inOrder(lines: BulkCreateResult['lines']): BulkCreateResult['lines'] {
  return [...lines.filter((l) => l.outcome === 'error'), ...lines.filter((l) => l.outcome !== 'error')];
}

function Lines({ result }: { result: BulkCreateResult }) {
  const found = useFound(result.created + result.attachable > 0);
  return (
    <>
      <Alert
        isInline
        variant={result.failed > 0 ? 'warning' : 'success'}
        title={`${count(result.created, 'certificate')} added, ${result.attachable} already there, ${result.failed} not added`}
      />
      <Table variant="compact" aria-label="Result for each line">
        <Thead><Tr><Th>Line</Th><Th>Text</Th><Th>Result</Th><Th>Found</Th></Tr></Thead>
        <Tbody>
          {inOrder(result.lines).map((l) => (
            <Tr key={l.line}>
              <Td dataLabel="Line">{l.line}</Td>
              <Td dataLabel="Text"><span className="cd-break">{l.text}</span></Td>
              <Td dataLabel="Result">
                {outcomes[l.outcome]}
                {l.certificate && <>: <Link to={`/certificates/${l.certificate.id}`}>{l.certificate.name}</Link></>}
                {l.outcome === 'error' && <>: <span className="cd-bad">{l.message}</span></>}
              </Td>
              <Td dataLabel="Found"><FoundCell c={l.certificate ? found.get(l.certificate.id) : undefined} /></Td>
            </Tr>
          ))}
        </Tbody>
      </Table>
    </>
  );
}

function Outcome({ job }: { job: Job | undefined }) {
  const result = job?.state === 'done' ? job.result as BulkCreateResult | null : null;
  if (job?.state === 'failed') return <Alert isInline variant="danger" title="The list was not added">{job.error}</Alert>;
  if (result && Array.isArray(result.lines)) return <Lines result={result} />;
  return <div className="cd-progress"><JobProgress job={job} title="Adding certificates" /></div>;
}

/* The form is long: what came of it is brought into view. */
function Shown({ job }: { job: Job | undefined }) {
  const ref = useRef<HTMLDivElement>(null);
  const over = isOver(job);
  useEffect(() => {
    ref.current?.scrollIntoView({ block: 'nearest' }); /* answers with a promise in some browsers */
  }, [over]);
  return <div ref={ref}><Outcome job={job} /></div>;
}

export function HostList({ leave }: { leave: () => void }) {
  const [hosts, setHosts] = useState('');
  const [protocol, setProtocol] = useState<Protocol>('tls');
  const [jobId, setJobId] = useState<number | null>(null);
  const job = useJob(jobId).data;
  const lines = hosts.split('\n').filter((line) => line.replace(/#.*/, '').trim() !== '').length;

  const submit = async ({ name: _name, description: _description, fields: _fields, ...general }: GeneralBody) => {
    setJobId((await api.post('/certificates/bulk', { ...general, hosts, protocol })).job);
  };

  return (
    <Frame
      what="Hosts" action={lines === 0 ? 'Add certificates' : `Add ${count(lines, 'certificate')}`} hasNoName
      isReady={lines > 0 && (jobId === null || isOver(job))} ownFields={['hosts', 'protocol']} submit={submit} leave={leave}
      below={jobId !== null && <Shown job={job} />}
    >
      {(error) => (
        <>
          <AreaField
            label="Hosts" value={hosts} onChange={setHosts} rows={8} isRequired isCode maxLength={500000}
            placeholder={'www.example.org\nmail.example.org:993\n[2001:db8::1]:8443'}
            help="One host, or host:port, a line. What follows # is skipped. CSV with a header line is understood too."
            error={aboutField(error, 'hosts')}
          />
          <ChoiceField
            label="Protocol" value={protocol} onChange={setProtocol}
            options={protocols.map((p): [Protocol, string] => [p, protocolWords[p]])}
          />
        </>
      )}
    </Frame>
  );
}
