/* Who has what to do with a certificate. */
import { Button, Card, CardBody } from '@patternfly/react-core';
import type { Certificate } from '../../api/types';
import { Facts } from '../../parts/Facts';

export function AccessTab({ certificate: c, manage }: { certificate: Certificate; manage: () => void }) {
  const none = <span className="cd-quiet">Nobody</span>;
  return (
    <Card>
      <CardBody>
        <Facts
          facts={[
            ['Owner', c.owner],
            ['Assignee', c.assignee ?? none],
            ['Shared with users', c.share.users.join(', ') || none],
            ['Shared with groups', c.share.groups.join(', ') || none],
          ]}
        />
        {c.may.includes('share') && <Button variant="secondary" className="cd-above" onClick={manage}>Manage access</Button>}
      </CardBody>
    </Card>
  );
}
