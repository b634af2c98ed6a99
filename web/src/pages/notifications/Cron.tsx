/* A field for a cron expression, with what it means and when it would run. */
import { useQuery } from '@tanstack/react-query';
import { api } from '../../api/client';
import { useSettled } from '../../parts/CertificatePicker';
import { cronWords } from '../../parts/cron';
import { TextField } from '../../parts/Fields';
import { aboutField, errorText } from '../../parts/States';
import { Time } from '../../parts/Time';

/* The next five runs of what is typed, not of what is saved. */
function useRuns(cron: string) {
  const settled = useSettled(cron.trim(), 300);
  const isWorth = cronWords(settled) !== null;
  return useQuery({
    queryKey: ['schedules', 'preview', settled], enabled: isWorth, retry: false, staleTime: 60000,
    queryFn: ({ signal }) => api.get('/schedules/preview', { query: { cron: settled, count: 5 }, signal }),
  });
}

interface CronFieldProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  error?: string;
}

export function CronField({ label, value, onChange, error }: CronFieldProps) {
  const words = cronWords(value);
  const runs = useRuns(value);
  const refused = runs.error ? aboutField(runs.error, 'cron') ?? errorText(runs.error) : undefined;
  return (
    <div>
      <TextField
        label={label} value={value} onChange={onChange} isRequired maxLength={200}
        error={error ?? (words === null ? 'Five fields: minute, hour, day of the month, month, day of the week' : refused)}
        help={words ? `${words.charAt(0).toUpperCase()}${words.slice(1)}` : undefined}
      />
      <ol className="cd-runs" aria-label="Next five runs">
        {words !== null && !refused && runs.data?.runs.map((at) => <li key={at}><Time at={at} /></li>)}
      </ol>
    </div>
  );
}
