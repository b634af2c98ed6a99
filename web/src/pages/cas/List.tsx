/* The certificate authorities that certificates are ordered from. */
import { Label, PageSection } from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useQuery } from '@tanstack/react-query';
import { api } from '../../api/client';
import { Link } from '../../app/router';
import { useMe } from '../../app/session';
import { CaStateLabel } from '../../parts/Labels';
import { Page } from '../../parts/Page';
import { Loaded, Nothing } from '../../parts/States';
import { Time } from '../../parts/Time';
import { caTypeWords } from '../../parts/words';

const addButton = <Link className="pf-v6-c-button pf-m-primary" to="/cas/new">Make a CA</Link>;

export default function List() {
  const isAdmin = useMe().role === 'admin';
  const query = useQuery({ queryKey: ['cas'], queryFn: ({ signal }) => api.get('/cas', { signal }), refetchInterval: 60000 });
  return (
    <Page title="Certificate authorities" lead="Who issues certificates. The built-in CA has its own root, or an intermediate that another root signs." actions={isAdmin && addButton}>
      <PageSection>
        <Loaded query={query}>
          {({ items }) => (items.length === 0 ? (
            <Nothing title="No CA yet" action={isAdmin && addButton}>Make one of your own in a minute, then a profile that says what it may issue.</Nothing>
          ) : (
            <div className="cd-scroll">
              <Table variant="compact" aria-label="Certificate authorities" className="cd-table">
                <Thead><Tr><Th className="cd-col-name">Name</Th><Th>State</Th><Th>Ends</Th><Th>CRL</Th><Th>Certificates</Th><Th>Revoked</Th><Th>Profiles</Th></Tr></Thead>
                <Tbody>
                  {items.map((c) => (
                    <Tr key={c.name}>
                      <Td dataLabel="Name">
                        <span className="cd-two-lines">
                          <Link to={`/cas/${encodeURIComponent(c.name)}`} className="cd-break">{c.name}</Link>
                          <span className="cd-quiet cd-break">{caTypeWords(c.type)}{c.subject && `: ${c.subject}`}</span>
                        </span>
                      </Td>
                      <Td dataLabel="State"><span className="cd-labels"><CaStateLabel state={c.state} />{c.is_staging && <Label isCompact color="orange">Staging</Label>}</span></Td>
                      <Td dataLabel="Ends"><Time at={c.not_after} show="date" /></Td>
                      <Td dataLabel="CRL">{!c.crl ? '–' : c.crl.is_stale ? <Label isCompact status="danger">Stale</Label> : <>Until <Time at={c.crl.next_update} show="ago" /></>}</Td>
                      <Td dataLabel="Certificates">{c.n_certificates?.toLocaleString('en') ?? '–'}</Td>
                      <Td dataLabel="Revoked">{c.n_revoked?.toLocaleString('en') ?? '–'}</Td>
                      <Td dataLabel="Profiles">{c.n_profiles ?? '–'}</Td>
                    </Tr>
                  ))}
                </Tbody>
              </Table>
            </div>
          ))}
        </Loaded>
      </PageSection>
    </Page>
  );
}
