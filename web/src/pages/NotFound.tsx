/* An address that leads nowhere. */
import { PageSection } from '@patternfly/react-core';
import { Link } from '../app/router';
import { Page } from '../parts/Page';
import { Nothing } from '../parts/States';

export default function NotFound() {
  return (
    <Page title="Not found">
      <PageSection>
        <Nothing title="There is no page at this address" action={<Link to="/">Go to the dashboard</Link>}>
          The link may be old, or mistyped.
        </Nothing>
      </PageSection>
    </Page>
  );
}
