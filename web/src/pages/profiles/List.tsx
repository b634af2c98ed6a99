/* The profiles: what may be issued, by which CA, and to whom. */
import { Label, PageSection } from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { Link } from '../../app/router';
import { useMe } from '../../app/session';
import { Page } from '../../parts/Page';
import { lifetimeWords, windowWords } from '../../parts/profiles';
import { Loaded, Nothing } from '../../parts/States';
import { usageWords } from '../../parts/words';
import { useProfiles } from '../tickets/Filters';

const addButton = <Link className="pf-v6-c-button pf-m-primary" to="/profiles/new">Add profile</Link>;

export default function List() {
  const me = useMe();
  const isAdmin = me.role === 'admin';
  const query = useProfiles();
  return (
    <Page title="Profiles" lead="A profile says what may be issued, by which CA, to whom, and how it is renewed." actions={isAdmin && addButton}>
      <PageSection>
        <Loaded query={query}>
          {({ items }) => (items.length === 0 ? (
            <Nothing title="No profile yet" action={isAdmin && addButton}>
              {isAdmin ? <>It needs a <Link to="/cas">CA</Link>, and names that may be asked for.</> : 'There is none that you may use: an admin makes them.'}
            </Nothing>
          ) : (
            <div className="cd-scroll">
              <Table variant="compact" aria-label="Profiles" className="cd-table">
                <Thead><Tr><Th className="cd-col-name">Name</Th><Th>CA</Th><Th>For</Th><Th modifier="nowrap">Lifetime</Th><Th>Renewal</Th><Th>Certificates</Th></Tr></Thead>
                <Tbody>
                  {items.map((p) => (
                    <Tr key={p.name}>
                      <Td dataLabel="Name">
                        <span className="cd-two-lines">
                          <span className="cd-labels">
                            <Link to={`/profiles/${encodeURIComponent(p.name)}`} className="cd-break">{p.name}</Link>
                            {p.disabled && <Label isCompact color="grey">Disabled</Label>}
                            {p.is_forcing && <Label isCompact color="orange">Renewing all</Label>}
                          </span>
                          {p.description && <span className="cd-quiet cd-break">{p.description}</span>}
                        </span>
                      </Td>
                      <Td dataLabel="CA">{me.role === 'user' ? p.ca : <Link to={`/cas/${encodeURIComponent(p.ca)}`}>{p.ca}</Link>}</Td>
                      <Td dataLabel="For">{usageWords[p.usage]}</Td>
                      <Td dataLabel="Lifetime">{lifetimeWords(p.lifetime_days)}</Td>
                      <Td dataLabel="Renewal">{p.renews_itself ? 'By itself' : 'By hand'}, {windowWords(p)}</Td>
                      <Td dataLabel="Certificates"><Link to={`/certificates?profile=${encodeURIComponent(p.name)}`}>{p.n_certificates.toLocaleString('en')}</Link></Td>
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
