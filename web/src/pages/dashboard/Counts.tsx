/* How many certificates there are of each status; a click shows them. */
import type { Dashboard, Validity } from '../../api/types';
import { statuses } from '../../api/types';
import { Link } from '../../app/router';
import { statusWords } from '../../parts/words';

const always: Validity[] = ['valid', 'expiring_soon', 'expired'];

export function Counts({ counts }: { counts: Dashboard['counts'] }) {
  const shown = statuses.filter((status) => always.includes(status) || counts[status] > 0);
  return (
    <ul className="cd-counts" aria-label="Certificates by status">
      <li>
        <Link to="/certificates" className="cd-count">
          <span className="cd-count-number">{counts.total.toLocaleString('en')}</span>
          <span>All certificates</span>
        </Link>
      </li>
      {shown.map((status) => (
        <li key={status}>
          <Link to={`/certificates?status=${status}`} className={`cd-count cd-is-${status}${counts[status] ? '' : ' cd-is-none'}`}>
            <span className="cd-count-number">{counts[status].toLocaleString('en')}</span>
            <span>{statusWords[status]}</span>
          </Link>
        </li>
      ))}
    </ul>
  );
}
