/* One bar for each of the coming weeks: how many certificates end in it. A bar leads to their list. */
import { navigate } from '../../app/router';
import { localDate } from '../../parts/dates';
import { count } from '../../parts/words';

interface Week {
  from: string;
  count: number;
}

const height = 120;
const step = 26;
const week = 7 * 86400000;

function isoDate(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

function listOf(w: Week): string {
  const from = Date.parse(w.from);
  return `/certificates?expires_after=${isoDate(from)}&expires_before=${isoDate(from + week)}`;
}

function Bar({ w, i, most }: { w: Week; i: number; most: number }) {
  const size = w.count === 0 ? 0 : Math.max(4, Math.round((w.count / most) * (height - 18)));
  const label = `Week from ${localDate(w.from)}: ${count(w.count, 'certificate')}`;
  const bar = (
    <>
      <title>{label}</title>
      <rect className="cd-bar-room" x={i * step} y={0} width={step} height={height} />
      <rect className={`cd-bar${i < 2 ? ' cd-bar-soon' : ''}`} x={i * step + 3} y={height - size} width={step - 6} height={size} rx={2} />
      {w.count > 0 && <text x={i * step + step / 2} y={height - size - 4} textAnchor="middle">{w.count}</text>}
    </>
  );
  if (w.count === 0) return <g>{bar}</g>;
  return (
    <a
      href={listOf(w)}
      aria-label={label}
      onClick={(event) => {
        event.preventDefault();
        navigate(listOf(w));
      }}
    >
      {bar}
    </a>
  );
}

export function Timeline({ weeks }: { weeks: Week[] }) {
  const most = Math.max(1, ...weeks.map((w) => w.count));
  const total = weeks.reduce((sum, w) => sum + w.count, 0);
  const month = new Intl.DateTimeFormat('en', { month: 'short' });
  const isFirstOfMonth = (w: Week, i: number) => i === 0
    || new Date(w.from).getMonth() !== new Date(weeks[i - 1]?.from ?? w.from).getMonth();
  return (
    <div className="cd-timeline">
      <svg viewBox={`0 0 ${Math.max(1, weeks.length) * step} ${height + 20}`} role="group" aria-label="Expiries by week">
        <line x1={0} x2={weeks.length * step} y1={height + 0.5} y2={height + 0.5} className="cd-axis" />
        {weeks.map((w, i) => <Bar key={w.from} w={w} i={i} most={most} />)}
        {weeks.map((w, i) => isFirstOfMonth(w, i) && (i === 0 || i > 1) && (
          <text key={w.from} x={i * step + 3} y={height + 15} className="cd-axis-text">{month.format(new Date(w.from))}</text>
        ))}
      </svg>
      <p className="cd-quiet">{total === 0 ? `None ends in the next ${weeks.length} weeks.` : `${count(total, 'certificate')} in the next ${weeks.length} weeks.`}</p>
    </div>
  );
}
