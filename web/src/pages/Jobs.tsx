/* What runs by itself, and what is being worked on. */
import { Button, Card, CardBody, CardTitle, Label, PageSection, Progress, ToggleGroup, ToggleGroupItem } from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query';
import { api } from '../api/client';
import type { Job, JobState, Schedule } from '../api/types';
import { useSearch } from '../app/router';
import { useMe } from '../app/session';
import { cronWords } from '../parts/cron';
import { localTime } from '../parts/dates';
import { Page } from '../parts/Page';
import { Pager, usePaging } from '../parts/Pager';
import { Loaded, Nothing } from '../parts/States';
import { Time } from '../parts/Time';
import { useToasts } from '../parts/Toasts';
import { jobStateWords, jobWords, scheduleWords } from '../parts/words';

const colors: Record<JobState, 'grey' | 'blue' | 'green' | 'red'> = { queued: 'grey', running: 'blue', done: 'green', failed: 'red' };

function State({ state }: { state: JobState }) {
  return <Label isCompact color={colors[state]}>{jobStateWords[state]}</Label>;
}

function ScheduleRow({ s, run }: { s: Schedule; run: () => void }) {
  const isAdmin = useMe().role === 'admin';
  return (
    <Tr>
      <Td dataLabel="Run">{scheduleWords(s.name)}</Td>
      <Td dataLabel="When">
        <span className="cd-two-lines"><span>{cronWords(s.cron) ?? s.cron}</span><code className="cd-quiet">{s.cron}</code></span>
      </Td>
      <Td dataLabel="Last run">
        <span className="cd-labels"><Time at={s.last_run_at} show="ago" otherwise="never" />{s.last_job && <State state={s.last_job.state} />}</span>
      </Td>
      <Td dataLabel="Next run">
        <span title={s.next_runs.map(localTime).join('\n')}><Time at={s.next_run_at} show="ago" /></span>
      </Td>
      <Td dataLabel="Actions">{isAdmin && <Button variant="secondary" size="sm" onClick={run} aria-label={`Run now: ${scheduleWords(s.name)}`}>Run now</Button>}</Td>
    </Tr>
  );
}

function Schedules() {
  const client = useQueryClient();
  const toasts = useToasts();
  const query = useQuery({
    queryKey: ['schedules'], queryFn: ({ signal }) => api.get('/schedules', { signal }), refetchInterval: 10000,
  });
  const run = async (name: string) => {
    try {
      await api.post('/schedules/{name}/run', undefined, { path: { name } });
      toasts.done(`${scheduleWords(name)}: started`);
      for (const key of ['jobs', 'schedules']) void client.invalidateQueries({ queryKey: [key] });
    } catch (error) {
      toasts.failed('Could not start it', error);
    }
  };
  return (
    <Card>
      <CardTitle component="h2">Schedules</CardTitle>
      <CardBody>
        <Loaded query={query} lines={3}>
          {({ items }) => (items.length === 0 ? <Nothing title="Nothing is scheduled">Runs appear here.</Nothing> : (
            <Table variant="compact" aria-label="Schedules" className="cd-table">
              <Thead><Tr><Th>Run</Th><Th>When</Th><Th>Last run</Th><Th>Next run</Th><Th screenReaderText="Actions" /></Tr></Thead>
              <Tbody>{items.map((s) => <ScheduleRow key={s.name} s={s} run={() => void run(s.name)} />)}</Tbody>
            </Table>
          ))}
        </Loaded>
      </CardBody>
    </Card>
  );
}

function JobRow({ job, retry }: { job: Job; retry?: () => void }) {
  const { done, total } = job.progress;
  return (
    <Tr>
      <Td dataLabel="Job">{job.id}</Td>
      <Td dataLabel="What">{jobWords(job.type)}</Td>
      <Td dataLabel="State">
        {job.state === 'running' && total > 0
          ? <Progress value={Math.round((100 * done) / total)} label={`${done} of ${total}`} aria-label="Progress" size="sm" />
          : <State state={job.state} />}
      </Td>
      <Td dataLabel="Asked by">{job.actor ?? 'certdesk'}</Td>
      <Td dataLabel="Asked for"><Time at={job.created_at} show="ago" /></Td>
      <Td dataLabel="Finished"><Time at={job.finished_at} show="ago" /></Td>
      <Td dataLabel="Error">
        {job.error ? <span className="cd-bad cd-break">{job.error}</span> : '–'}
        {retry && job.state === 'failed' && <> <Button variant="link" isInline onClick={retry} aria-label={`Retry job ${job.id}`}>Retry</Button></>}
      </Td>
    </Tr>
  );
}

/* What is there of each state. An empty one is still a place to look at. */
const views = { '': 'All', queued: 'Queue', running: 'Running', failed: 'Failures', done: 'Done' } as const;
const nothing: Record<string, string> = {
  '': 'What takes time, such as an Update, appears here.', queued: 'Nothing waits.', running: 'Nothing runs just now.', failed: 'Nothing has failed.', done: 'Nothing is done yet.',
};

function JobList() {
  const isAdmin = useMe().role === 'admin';
  const client = useQueryClient();
  const toasts = useToasts();
  const retry = (id: number) => {
    api.post('/jobs/{id}/retry', undefined, { path: { id } }).then(() => client.invalidateQueries({ queryKey: ['jobs'] }))
      .catch((error: unknown) => toasts.failed('Could not retry', error));
  };
  const [search, change] = useSearch();
  const state = search.get('state') ?? '';
  const paging = usePaging(`jobs-${state}`);
  const query = useQuery({
    queryKey: ['jobs', state, paging.cursor, paging.limit],
    placeholderData: keepPreviousData,
    refetchInterval: 5000,
    queryFn: ({ signal }) => api.get('/jobs', { query: { state, limit: paging.limit, cursor: paging.cursor }, signal }),
  });
  return (
    <Card>
      <CardTitle component="h2">Jobs</CardTitle>
      <CardBody>
        <ToggleGroup aria-label="State" className="cd-below">
          {Object.entries(views).map(([value, words]) => <ToggleGroupItem key={value} text={words} isSelected={state === value} onChange={() => change({ state: value })} />)}
        </ToggleGroup>
        <Loaded query={query}>
          {(page) => (page.items.length === 0 ? <Nothing title="No jobs">{nothing[state]}</Nothing> : (
            <>
              <div className="cd-scroll">
                <Table variant="compact" aria-label="Jobs" className="cd-table">
                  <Thead>
                    <Tr><Th>Job</Th><Th>What</Th><Th>State</Th><Th>Asked by</Th><Th>Asked for</Th><Th>Finished</Th><Th>Error</Th></Tr>
                  </Thead>
                  <Tbody>{page.items.map((job) => <JobRow key={job.id} job={job} retry={isAdmin ? () => retry(job.id) : undefined} />)}</Tbody>
                </Table>
              </div>
              <Pager paging={paging} page={page} what="Jobs" />
            </>
          ))}
        </Loaded>
      </CardBody>
    </Card>
  );
}

export default function Jobs() {
  return (
    <Page title="Jobs and schedules">
      <PageSection><div className="cd-stack"><Schedules /><JobList /></div></PageSection>
    </Page>
  );
}
