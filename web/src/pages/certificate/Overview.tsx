/* How a certificate stands, and what is written in it. */
import { Card, CardBody, CardTitle, Grid, GridItem } from '@patternfly/react-core';
import type { ReactNode } from 'react';
import type { Certificate } from '../../api/types';
import { Link } from '../../app/router';
import { useCustomFields } from '../../parts/customFields';
import { period } from '../../parts/dates';
import { Facts, type Fact } from '../../parts/Facts';
import { Time } from '../../parts/Time';
import { count, isTicketStatus, sourceWords, ticketStatusWords } from '../../parts/words';
import { DecodedCard } from './Decoded';
import { RenewalCard } from './Renewal';

function periods(c: Certificate): string {
  if (!c.notification_periods) return 'As set for all';
  if (c.notification_periods.length === 0) return 'None: nobody is told';
  return [...c.notification_periods].sort((a, b) => b - a).map(period).join(', ');
}

/* Periods longer than the certificate's lifetime are skipped, so this may be later than one expects. */
function NextNotice({ at }: { at: string | null }) {
  if (!at) return <>None to come</>;
  return new Date(at) <= new Date() ? <>At the next scan</> : <Time at={at} show="date" />;
}

function EndpointsFact({ c, show }: { c: Certificate; show: (tab: string) => void }) {
  const { total, last_checked_at: at } = c.endpoints_summary;
  const open = (event: React.MouseEvent) => {
    event.preventDefault();
    show('endpoints');
  };
  if (total === 0) return <>None: nothing is probed for it</>;
  return <><a href="?tab=endpoints" onClick={open}>{count(total, 'endpoint')}</a>, checked <Time at={at} show="ago" otherwise="not yet" /></>;
}

function Glance({ certificate: c, show }: { certificate: Certificate; show: (tab: string) => void }) {
  const custom = useCustomFields();
  const fields = custom.filter((f) => c.fields?.[f.name]).map((f): Fact => [f.label, <span className="cd-break">{c.fields?.[f.name]}</span>]);
  return (
    <Card>
      <CardTitle component="h2">At a glance</CardTitle>
      <CardBody>
        <Facts
          isNarrow
          facts={[
            ['Private key', c.has_private_key ? 'Sealed in the vault' : 'Not here'],
            ['Source', sourceWords[c.source]],
            c.profile !== null && ['Profile', c.profile],
            isTicketStatus(c.stage) && ['Stage', ticketStatusWords[c.stage]],
            ['Endpoints', <EndpointsFact c={c} show={show} />],
            ['Resources', c.resources.join(', ') || 'None'],
            ['Ticket', c.ticket ? <Link to={`/tickets/${c.ticket}`}>{c.ticket}</Link> : 'None is open'],
            ['Business group', c.business_group ?? '–'],
            ...fields,
            ['Notified', periods(c)],
            ['Next notice', <NextNotice at={c.next_notice_at} />],
            c.required_names !== null && ['Required names', <span className="cd-break">{c.required_names.join(', ')}</span>],
            ['Added', <Time at={c.created_at} show="date" />],
            ['Changed', <Time at={c.updated_at} show="ago" />],
          ]}
        />
      </CardBody>
    </Card>
  );
}

interface OverviewProps {
  certificate: Certificate;
  fingerprint?: string;
  none: ReactNode; /* in place of a certificate that there is not */
  show: (tab: string) => void;
}

export function Overview({ certificate: c, fingerprint, none, show }: OverviewProps) {
  return (
    <Grid hasGutter>
      <GridItem span={12} xl={4}>
        <div className="cd-stack">
          {c.profile !== null && <RenewalCard id={c.id} />}
          <Glance certificate={c} show={show} />
          {c.profile === null && <RenewalCard id={c.id} />}
        </div>
      </GridItem>
      <GridItem span={12} xl={8}>
        {c.current || fingerprint ? <DecodedCard id={c.id} fingerprint={fingerprint} /> : none}
      </GridItem>
    </Grid>
  );
}
