/* Adding certificates: one by its endpoint, or a pasted list of hosts. */
import { PageSection, Tab, Tabs, TabTitleText } from '@patternfly/react-core';
import { useSearch } from '../../app/router';
import { Page } from '../../parts/Page';
import { AddList } from './AddList';
import { AddOne } from './AddOne';

export default function Add() {
  const [search, change] = useSearch();
  const tab = search.get('how') === 'list' ? 'list' : 'one';
  return (
    <Page
      title="Add certificates"
      parents={[{ to: '/certificates', text: 'Certificates' }]}
      lead="Name where a certificate is served. certdesk looks at once, and again on schedule."
    >
      <PageSection>
        <Tabs activeKey={tab} onSelect={(_, key) => change({ how: key === 'list' ? 'list' : '' })} aria-label="How to add">
          <Tab eventKey="one" title={<TabTitleText>One certificate</TabTitleText>} />
          <Tab eventKey="list" title={<TabTitleText>A list of hosts</TabTitleText>} />
        </Tabs>
        <div className="cd-form">{tab === 'one' ? <AddOne /> : <AddList />}</div>
      </PageSection>
    </Page>
  );
}
