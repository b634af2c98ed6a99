/* Who may sign in. */
import { Button, Label, PageSection } from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client';
import type { User } from '../../api/types';
import { useMe } from '../../app/session';
import { Kebab } from '../../parts/Menu';
import { Page } from '../../parts/Page';
import { Pager, usePaging } from '../../parts/Pager';
import { Loaded } from '../../parts/States';
import { Time } from '../../parts/Time';
import { plain } from '../../parts/words';
import { DeleteUserDialog, DisableUserDialog, EditUserDialog, NewUserDialog } from './UserDialogs';

type Asking = { kind: 'new' } | { kind: 'edit' | 'disable' | 'delete'; user: User } | null;

function UserRow({ user: u, ask }: { user: User; ask: (asking: Asking) => void }) {
  const isMe = useMe().name === u.name;
  return (
    <Tr>
      <Td dataLabel="User"><span className="cd-two-lines"><span>{u.name}</span><span className="cd-quiet">{u.display_name}</span></span></Td>
      <Td dataLabel="E-mail"><span className="cd-break">{u.email || '–'}</span></Td>
      <Td dataLabel="Role"><span className="cd-labels">{plain(u.role)}{u.disabled && <Label isCompact color="red">May not sign in</Label>}</span></Td>
      <Td dataLabel="Added"><Time at={u.created_at} show="date" /></Td>
      <Td isActionCell>
        <Kebab
          label={`Actions for ${u.name}`}
          actions={[
            { title: 'Edit', run: () => ask({ kind: 'edit', user: u }) },
            { title: u.disabled ? 'Let sign in again' : 'Disable', isDisabled: isMe, run: () => ask({ kind: 'disable', user: u }) },
            { title: 'Remove', isDangerous: true, isDisabled: isMe, run: () => ask({ kind: 'delete', user: u }) },
          ]}
        />
      </Td>
    </Tr>
  );
}

export default function Users() {
  const client = useQueryClient();
  const [asking, setAsking] = useState<Asking>(null);
  const paging = usePaging('users');
  const query = useQuery({
    queryKey: ['users', paging.cursor, paging.limit],
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => api.get('/users', { query: { limit: paging.limit, cursor: paging.cursor }, signal }),
  });
  const close = () => setAsking(null);
  const done = () => {
    for (const key of ['users', 'people']) void client.invalidateQueries({ queryKey: [key] });
  };
  return (
    <Page title="Users" actions={!query.error && <Button onClick={() => setAsking({ kind: 'new' })}>Add user</Button>}>
      <PageSection>
        <Loaded query={query}>
          {(page) => (
            <>
              <Table variant="compact" aria-label="Users" className="cd-table">
                <Thead><Tr><Th>User</Th><Th>E-mail</Th><Th>Role</Th><Th>Added</Th><Th screenReaderText="Actions" /></Tr></Thead>
                <Tbody>{page.items.map((u) => <UserRow key={u.name} user={u} ask={setAsking} />)}</Tbody>
              </Table>
              <Pager paging={paging} page={page} what="Users" />
            </>
          )}
        </Loaded>
      </PageSection>
      {asking?.kind === 'new' && <NewUserDialog close={close} done={done} />}
      {asking?.kind === 'edit' && <EditUserDialog user={asking.user} close={close} done={done} />}
      {asking?.kind === 'disable' && <DisableUserDialog user={asking.user} close={close} done={done} />}
      {asking?.kind === 'delete' && <DeleteUserDialog user={asking.user} close={close} done={done} />}
    </Page>
  );
}
