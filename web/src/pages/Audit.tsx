/* The audit log. */
import { Button, FormSelect, FormSelectOption, PageSection, Toolbar, ToolbarContent, ToolbarGroup, ToolbarItem } from '@patternfly/react-core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { api } from '../api/client';
import { useSearch } from '../app/router';
import { AuditTable } from '../parts/AuditTable';
import { Page } from '../parts/Page';
import { Pager, usePaging } from '../parts/Pager';
import { Loaded, Nothing } from '../parts/States';
import { useToasts } from '../parts/Toasts';
import { count } from '../parts/words';

const objects: [string, string][] = [['', 'Everything'], ['certificate', 'Certificates'], ['ticket', 'Tickets'],
  ['account', 'Users'], ['token', 'Tokens'], ['session', 'Sessions'], ['setting', 'Settings'],
  ['trust_bundle', 'Private CAs'], ['schedule', 'Schedules']];

function VerifyButton() {
  const toasts = useToasts();
  const verify = async () => {
    try {
      const { intact, links, broken_at: at, reason } = await api.get('/audit/verify');
      if (intact) toasts.done('The log is intact', `${count(links, 'entry', 'entries')} checked.`);
      else toasts.failed('The log has been tampered with', new Error(`from link ${at} on: ${reason}`));
    } catch (error) {
      toasts.failed('Could not verify', error);
    }
  };
  return <Button variant="secondary" onClick={() => void verify()}>Verify</Button>;
}

export default function Audit() {
  const [search, change] = useSearch();
  const type = search.get('object_type') ?? '';
  const paging = usePaging(type);
  const query = useQuery({
    queryKey: ['audit', type, paging.cursor, paging.limit],
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => api.get('/audit', { query: { object_type: type, limit: paging.limit, cursor: paging.cursor }, signal }),
  });
  return (
    <Page title="Audit log" actions={<VerifyButton />} lead="Every change, in the order it was made. Entries are chained: none can be edited or removed unnoticed.">
      <PageSection>
        <Toolbar inset={{ default: 'insetNone' }}>
          <ToolbarContent>
            <ToolbarItem>
              <FormSelect aria-label="About" value={type} onChange={(_, v) => change({ object_type: v })}>
                {objects.map(([value, label]) => <FormSelectOption key={value} value={value} label={label} />)}
              </FormSelect>
            </ToolbarItem>
            <ToolbarGroup align={{ default: 'alignEnd' }}>
              <ToolbarItem><Pager paging={paging} page={query.data} what="Entries" /></ToolbarItem>
            </ToolbarGroup>
          </ToolbarContent>
        </Toolbar>
        <Loaded query={query} lines={10}>
          {(page) => (page.items.length === 0 ? <Nothing title="No entries">Nothing of this kind was done yet.</Nothing>
            : <div className="cd-scroll"><AuditTable entries={page.items} withObject /></div>)}
        </Loaded>
      </PageSection>
    </Page>
  );
}
