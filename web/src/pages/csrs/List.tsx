/* Saved CSRs: keys that wait for their certificate, and those that have it. */
import { PageSection, SearchInput, Toolbar, ToolbarContent, ToolbarGroup, ToolbarItem, FormSelect, FormSelectOption } from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client';
import type { Csr } from '../../api/types';
import { Link, navigate, useSearch } from '../../app/router';
import { Kebab } from '../../parts/Menu';
import { Page } from '../../parts/Page';
import { Pager, usePaging } from '../../parts/Pager';
import { Loaded, Nothing } from '../../parts/States';
import { Time } from '../../parts/Time';
import { count, keyWords } from '../../parts/words';
import { DeleteCsrDialog } from './DeleteCsrDialog';

function Names({ csr }: { csr: Csr }) {
  const [first, ...more] = csr.sans;
  return (
    <span className="cd-two-lines">
      <Link to={`/csrs/${csr.id}`} className="cd-break">{csr.name}</Link>
      <span className="cd-quiet cd-break">{first && first !== csr.name ? first : csr.subject}{more.length > 0 && ` and ${count(more.length, 'more name')}`}</span>
    </span>
  );
}

function Row({ csr, remove }: { csr: Csr; remove: () => void }) {
  return (
    <Tr>
      <Td dataLabel="Name"><Names csr={csr} /></Td>
      <Td dataLabel="Key">{keyWords(csr.key)}</Td>
      <Td dataLabel="Certificate">
        {csr.certificate ? <Link to={`/certificates/${csr.certificate.id}`}>{csr.certificate.name}</Link>
          : csr.used_at ? <span className="cd-quiet">used</span> : <Link to={`/certificates/add?how=saved&csr=${csr.id}`}>Upload the signed one</Link>}
      </Td>
      <Td dataLabel="Business group">{csr.business_group ?? '–'}</Td>
      <Td dataLabel="Owner">{csr.owner}</Td>
      <Td dataLabel="Made"><Time at={csr.created_at} show="date" /></Td>
      <Td isActionCell>
        <Kebab
          label={`Actions for ${csr.name}`}
          actions={[
            { title: 'Download', run: () => window.location.assign(`/api/v1/csrs/${csr.id}.pem`) },
            { title: 'Upload the signed certificate', run: () => navigate(`/certificates/add?how=saved&csr=${csr.id}`), isDisabled: csr.used_at !== null },
            { title: 'Delete', run: remove, isDangerous: true },
          ]}
        />
      </Td>
    </Tr>
  );
}

export default function List() {
  const [search, change] = useSearch();
  const q = search.get('q') ?? '';
  const used = search.get('used') ?? '';
  const [deleting, setDeleting] = useState<Csr | null>(null);
  const paging = usePaging(`${q}/${used}`);
  const query = useQuery({
    queryKey: ['csrs', q, used, paging.cursor, paging.limit],
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => api.get('/csrs', { query: { q, used, limit: paging.limit, cursor: paging.cursor }, signal }),
  });
  return (
    <Page
      title="CSRs"
      lead="Certificate signing requests, each with its private key in the vault. They wait here until the CA has signed."
      actions={<Link className="pf-v6-c-button pf-m-primary" to="/certificates/add?how=csr">Generate a CSR</Link>}
    >
      <PageSection>
        <Toolbar inset={{ default: 'insetNone' }}>
          <ToolbarContent>
            <ToolbarItem>
              <SearchInput className="cd-search" aria-label="Search CSRs" placeholder="Name or subject" value={q} onChange={(_, v) => change({ q: v })} onClear={() => change({ q: '' })} />
            </ToolbarItem>
            <ToolbarItem>
              <FormSelect aria-label="Which" value={used} onChange={(_, v) => change({ used: v })}>
                <FormSelectOption value="" label="All" />
                <FormSelectOption value="false" label="Waiting for a certificate" />
                <FormSelectOption value="true" label="Used" />
              </FormSelect>
            </ToolbarItem>
            <ToolbarGroup align={{ default: 'alignEnd' }}><ToolbarItem><Pager paging={paging} page={query.data} what="CSRs" /></ToolbarItem></ToolbarGroup>
          </ToolbarContent>
        </Toolbar>
        <Loaded query={query}>
          {(page) => (page.items.length === 0 ? (
            <Nothing title={q || used ? 'No CSR matches' : 'No CSR yet'}>
              {q || used ? 'Nothing that you may see fits.' : 'Generate one: the key is made in the vault and never leaves it.'}
            </Nothing>
          ) : (
            <div className="cd-scroll">
              <Table variant="compact" aria-label="CSRs" className="cd-table">
                <Thead><Tr><Th className="cd-col-name">Name</Th><Th>Key</Th><Th>Certificate</Th><Th modifier="wrap">Business group</Th><Th>Owner</Th><Th>Made</Th><Th screenReaderText="Actions" /></Tr></Thead>
                <Tbody>{page.items.map((csr) => <Row key={csr.id} csr={csr} remove={() => setDeleting(csr)} />)}</Tbody>
              </Table>
            </div>
          ))}
        </Loaded>
      </PageSection>
      {deleting && <DeleteCsrDialog csr={deleting} close={() => setDeleting(null)} />}
    </Page>
  );
}
