/* An instant for people: local time to read, UTC in the tooltip. */
import { ago, daysLeft, localDate, localTime, utcTime } from './dates';

interface TimeProps {
  at: string | null | undefined;
  show?: 'time' | 'date' | 'ago';
  otherwise?: string;
}

export function Time({ at, show = 'time', otherwise = '–' }: TimeProps) {
  if (!at) return <span>{otherwise}</span>;
  const text = show === 'ago' ? ago(at) : show === 'date' ? localDate(at) : localTime(at);
  const title = show === 'time' ? utcTime(at) : `${localTime(at)} here, ${utcTime(at)}`;
  return <time dateTime={at} title={title} className="cd-nowrap">{text}</time>;
}

export function Expiry({ at, days }: { at: string | null; days: number | null }) {
  if (!at || days === null) return <span>–</span>;
  return (
    <span className="cd-two-lines">
      <Time at={at} show="date" />
      <span className="cd-quiet">{daysLeft(days)}</span>
    </span>
  );
}
