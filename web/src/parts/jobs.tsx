/* Watching a job until it is over. */
import { Progress, ProgressMeasureLocation } from '@patternfly/react-core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { api } from '../api/client';
import type { Job } from '../api/types';
import { jobStateWords } from './words';

export const isOver = (job: Job | undefined): boolean => job?.state === 'done' || job?.state === 'failed';

/* Asks often at first, then less so, and stops when the job is over. What may have changed is then loaded anew. */
export function useJob(id: number | null) {
  const client = useQueryClient();
  const query = useQuery({
    queryKey: ['job', id],
    enabled: id !== null,
    queryFn: ({ signal }) => api.get('/jobs/{id}', { path: { id: id ?? 0 }, signal }),
    refetchInterval: ({ state }) => (isOver(state.data) ? false : Math.min(3000, 400 + 200 * state.dataUpdateCount)),
    staleTime: 0,
  });
  const over = isOver(query.data);
  useEffect(() => {
    if (!over) return;
    for (const key of ['certificates', 'certificate', 'tickets', 'dashboard', 'jobs', 'schedules'])
      void client.invalidateQueries({ queryKey: [key] });
  }, [over, client]);
  return query;
}

export function JobProgress({ job, title }: { job: Job | undefined; title: string }) {
  const { done, total } = job?.progress ?? { done: 0, total: 0 };
  const over = isOver(job);
  const value = over ? 100 : total > 0 ? Math.round((100 * done) / total) : 0;
  return (
    <Progress
      value={value}
      title={title}
      label={!job || over || total === 0 ? jobStateWords[job?.state ?? 'queued'] : `${done} of ${total}`}
      measureLocation={ProgressMeasureLocation.outside}
      variant={job?.state === 'failed' ? 'danger' : job?.state === 'done' ? 'success' : undefined}
      aria-label={title}
    />
  );
}
