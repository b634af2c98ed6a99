/* Who has what to do with a certificate. */
import { Button } from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useQuery } from '@tanstack/react-query';
import { api } from '../../api/client';
import type { Access, Certificate } from '../../api/types';
import { Loaded } from '../../parts/States';

interface Row {
  name: string;
  kind: string;
  may: string;
  useKey: boolean;
  isNotified: boolean;
}

function rowsOf(access: Access): Row[] {
  const shared = (['users', 'groups'] as const).flatMap((kind) => access.share[kind].map((name): Row => ({
    name, kind: kind === 'users' ? 'User' : 'Group', may: 'Everything but changing the owner',
    useKey: access.use_key[kind].includes(name), isNotified: access.notify[kind].includes(name),
  })));
  const assignee: Row[] = access.assignee === null ? [] : [{
    name: access.assignee, kind: 'Assignee', may: 'See it, comment', useKey: access.use_key.users.includes(access.assignee), isNotified: true,
  }];
  return [{ name: access.owner, kind: 'Owner', may: 'Everything', useKey: true, isNotified: access.assignee === null }, ...assignee, ...shared];
}

const yes = (is: boolean) => (is ? 'Yes' : <span className="cd-quiet">No</span>);

export function AccessTab({ certificate: c, manage }: { certificate: Certificate; manage: () => void }) {
  const query = useQuery({
    queryKey: ['access', c.id], staleTime: 0, queryFn: ({ signal }) => api.get('/certificates/{id}/access', { path: { id: c.id }, signal }),
  });
  return (
    <Loaded query={query} lines={3}>
      {(access) => (
        <>
          {c.may.includes('share') && <div className="cd-actions cd-below"><Button variant="secondary" onClick={manage}>Manage access</Button></div>}
          <div className="cd-scroll">
            <Table variant="compact" aria-label="Access" className="cd-table">
              <Thead><Tr><Th>Name</Th><Th>As</Th><Th>May</Th><Th>Use the key</Th><Th>Is notified</Th></Tr></Thead>
              <Tbody>
                {rowsOf(access).map((r) => (
                  <Tr key={`${r.kind}/${r.name}`}>
                    <Td dataLabel="Name"><span className="cd-break">{r.name}</span></Td>
                    <Td dataLabel="As">{r.kind}</Td>
                    <Td dataLabel="May">{r.may}</Td>
                    <Td dataLabel="Use the key">{yes(r.useKey)}</Td>
                    <Td dataLabel="Is notified">{yes(r.isNotified)}</Td>
                  </Tr>
                ))}
              </Tbody>
            </Table>
          </div>
          <p className="cd-quiet cd-above">Admins may do everything, auditors see everything.</p>
        </>
      )}
    </Loaded>
  );
}
