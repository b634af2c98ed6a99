/* An Update under way, and what it found. */
import { Alert, AlertActionCloseButton } from '@patternfly/react-core';
import type { Job, UpdateResult } from '../../api/types';
import { Link } from '../../app/router';
import { JobProgress, useJob } from '../../parts/jobs';
import { count } from '../../parts/words';

function summary(result: UpdateResult): string {
  const parts = [`${count(result.checked, 'certificate')} checked`];
  parts.push(result.changed.length > 0 ? `${result.changed.length} changed` : 'nothing changed');
  if (result.failed.length > 0) parts.push(`${result.failed.length} could not be reached`);
  if (result.skipped > 0) parts.push(`${result.skipped} had nothing to probe`);
  return parts.join(', ');
}

function Found({ result }: { result: UpdateResult }) {
  return (
    <ul className="cd-found">
      {result.changed.slice(0, 50).map((c) => (
        <li key={`c${c.id}`}><Link to={`/certificates/${c.id}`}>{c.name}</Link>: {c.what}</li>
      ))}
      {result.failed.slice(0, 50).map((c) => (
        <li key={`f${c.id}`}><Link to={`/certificates/${c.id}?tab=endpoints`}>{c.name}</Link>: <span className="cd-bad">{c.message}</span></li>
      ))}
    </ul>
  );
}

/* A result may be cut short or of another kind: only what has the right shape is shown. */
function resultOf(job: Job | undefined): UpdateResult | null {
  const result = job?.state === 'done' ? job.result as UpdateResult | null : null;
  return result && Array.isArray(result.changed) && Array.isArray(result.failed) ? result : null;
}

export function UpdateResults({ jobId, what, close }: { jobId: number; what: string; close: () => void }) {
  const job = useJob(jobId).data;
  const result = resultOf(job);
  if (job?.state === 'failed') {
    return (
      <Alert isInline className="cd-below" variant="danger" title={`${what} failed`} actionClose={<AlertActionCloseButton onClose={close} />}>
        {job.error}
      </Alert>
    );
  }
  if (job?.state === 'done') {
    const isFine = !result || result.failed.length === 0;
    return (
      <Alert
        isInline
        className="cd-below"
        variant={isFine ? 'success' : 'warning'}
        title={result ? summary(result) : `${what} is done`}
        actionClose={<AlertActionCloseButton onClose={close} />}
      >
        {result && result.changed.length + result.failed.length > 0 && <Found result={result} />}
      </Alert>
    );
  }
  return <div className="cd-progress"><JobProgress job={job} title={what} /></div>;
}
