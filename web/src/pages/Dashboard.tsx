/* The first page: how things stand, and what needs somebody. */
import { Button, Card, CardBody, CardTitle, Grid, GridItem, PageSection } from '@patternfly/react-core';
import { useQuery } from '@tanstack/react-query';
import { api } from '../api/client';
import type { Dashboard as Data } from '../api/types';
import { Link, navigate } from '../app/router';
import { useMe } from '../app/session';
import { Page } from '../parts/Page';
import { Loaded, Nothing } from '../parts/States';
import { Counts } from './dashboard/Counts';
import { CaTroubles, FailingEndpoints, Issuers, KeyTypes, NeedsMe, NeverSeen, Runs } from './dashboard/Lists';
import { Timeline } from './dashboard/Timeline';

function Filled({ data }: { data: Data }) {
  const seesAll = useMe().role !== 'user';
  return (
    <Grid hasGutter>
      {data.cas.length > 0 && <GridItem span={12}><CaTroubles cas={data.cas} /></GridItem>}
      <GridItem span={12}><Counts counts={data.counts} /></GridItem>
      <GridItem span={12} xl={8}>
        <Card isFullHeight>
          <CardTitle component="h2">Certificates that end in the next half year, by week</CardTitle>
          <CardBody><Timeline weeks={data.timeline} /></CardBody>
        </Card>
      </GridItem>
      <GridItem span={12} xl={4}><NeedsMe tickets={data.needs_me} total={data.open_tickets} /></GridItem>
      <GridItem span={12} lg={6}><FailingEndpoints failing={data.failing} /></GridItem>
      <GridItem span={12} lg={6}><Runs schedules={data.schedules} /></GridItem>
      <NeverSeen />
      {data.key_types && data.key_types.length > 0 && <GridItem span={12} lg={6}><KeyTypes types={data.key_types} /></GridItem>}
      {seesAll && data.issuers.length > 0 && <GridItem span={12} lg={6}><Issuers issuers={data.issuers} /></GridItem>}
    </Grid>
  );
}

function FirstSteps() {
  return (
    <Nothing
      title="No certificate is watched yet"
      action={<Button onClick={() => navigate('/certificates/add')}>Add your first certificate</Button>}
    >
      Name a host, such as <code>www.example.org</code> or <code>mail.example.org:993</code>. certdesk looks at what it
      serves, looks again on schedule, and opens a ticket before the certificate ends.
    </Nothing>
  );
}

export default function Dashboard() {
  const query = useQuery({
    queryKey: ['dashboard'],
    queryFn: ({ signal }) => api.get('/dashboard', { signal }),
    refetchInterval: 30000,
  });
  return (
    <Page
      title="Dashboard"
      actions={<Link className="pf-v6-c-button pf-m-primary" to="/certificates/add">Add certificates</Link>}
    >
      <PageSection>
        <Loaded query={query} lines={8}>
          {(data) => (data.counts.total === 0 ? <FirstSteps /> : <Filled data={data} />)}
        </Loaded>
      </PageSection>
    </Page>
  );
}
