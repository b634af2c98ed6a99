/* What a CA has issued. */
import { Card, CardBody, CardTitle, Label } from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { api } from '../../api/client';
import type { Ca, CaCertificate, RevocationReason } from '../../api/types';
import { Link } from '../../app/router';
import { Pager, usePaging } from '../../parts/Pager';
import { Loaded, Nothing } from '../../parts/States';
import { Time } from '../../parts/Time';
import { revocationReasons } from '../../parts/words';

function State({ c }: { c: CaCertificate }) {
  if (!c.revoked_at) return new Date(c.not_after) < new Date() ? <Label isCompact color="grey">Ended</Label> : <Label isCompact color="green">Good</Label>;
  const why = revocationReasons[c.revocation_reason as RevocationReason] ?? c.revocation_reason;
  return <span className="cd-two-lines"><Label isCompact color="red">Revoked</Label><span className="cd-quiet"><Time at={c.revoked_at} show="date" />{why && `: ${why}`}</span></span>;
}

export function IssuedCard({ ca }: { ca: Ca }) {
  const paging = usePaging(ca.name);
  const query = useQuery({
    queryKey: ['cas', ca.name, 'certificates', paging.cursor, paging.limit],
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => api.get('/cas/{name}/certificates', { path: { name: ca.name }, query: { limit: paging.limit, cursor: paging.cursor }, signal }),
  });
  return (
    <Card>
      <CardTitle component="h2">Issued certificates</CardTitle>
      <CardBody>
        <Loaded query={query}>
          {(page) => (page.items.length === 0 ? (
            <Nothing title="Nothing issued yet">Make a <Link to="/profiles/new">profile</Link> that says what this CA may issue, then request a certificate.</Nothing>
          ) : (
            <>
              <div className="cd-scroll">
                <Table variant="compact" aria-label="Issued certificates" className="cd-table">
                  <Thead><Tr><Th className="cd-col-name">Certificate</Th><Th>Serial</Th><Th>State</Th><Th>Issued</Th><Th>Ends</Th></Tr></Thead>
                  <Tbody>
                    {page.items.map((c) => (
                      <Tr key={c.serial}>
                        <Td dataLabel="Certificate"><Link to={`/certificates/${c.certificate.id}`} className="cd-break">{c.certificate.name}</Link></Td>
                        <Td dataLabel="Serial"><code className="cd-clip" title={c.serial}>{c.serial}</code></Td>
                        <Td dataLabel="State"><State c={c} /></Td>
                        <Td dataLabel="Issued"><Time at={c.issued_at} /></Td>
                        <Td dataLabel="Ends"><Time at={c.not_after} show="date" /></Td>
                      </Tr>
                    ))}
                  </Tbody>
                </Table>
              </div>
              <Pager paging={paging} page={page} what="Issued certificates" />
            </>
          ))}
        </Loaded>
      </CardBody>
    </Card>
  );
}
