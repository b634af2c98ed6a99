/* Spreadsheets coming in: choose a file, see what would happen, then let it happen. */
import { Alert, Button, Card, CardBody, CardTitle, Form, PageSection, Progress } from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { api } from '../../api/client';
import type { Import } from '../../api/types';
import { Link, navigate } from '../../app/router';
import { FileField, sizeWords } from '../../parts/Files';
import { Page } from '../../parts/Page';
import { Pager, usePaging } from '../../parts/Pager';
import { errorText, Loaded } from '../../parts/States';
import { Time } from '../../parts/Time';

function Upload() {
  const client = useQueryClient();
  const [file, setFile] = useState<File | null>(null);
  const [progress, setProgress] = useState<number | null>(null);
  const [error, setError] = useState<unknown>(null);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (!file) return;
    setError(null);
    setProgress(0);
    try {
      const { id } = await api.upload('/imports', file, { query: { dry_run: true, filename: file.name }, type: 'text/csv', onProgress: setProgress });
      void client.invalidateQueries({ queryKey: ['imports'] });
      navigate(`/imports/${id}`);
    } catch (e) {
      setError(e);
      setProgress(null);
    }
  };
  return (
    <Card>
      <CardTitle component="h2">Import a CSV file</CardTitle>
      <CardBody>
        <Form onSubmit={(e) => void submit(e)}>
          <FileField
            label="CSV file" file={file} onChange={setFile} accept=".csv,.tsv,.txt,text/csv,text/tab-separated-values,text/plain" isRequired
            help={<>UTF-8 or UTF-16, columns separated by commas, semicolons or tabs, with a header line: <code>name</code> or <code>host</code>, and any of <code>id, port, sni, protocol, description, business_group, owner, assignee, share_users, share_groups, tags</code>. Lists are separated by semicolons. An export can be edited and imported again.</>}
          />
          {progress !== null && <Progress value={Math.round(progress * 100)} title="Uploading" aria-label="Uploading" size="sm" />}
          {error !== null && <Alert isInline variant="danger" title={errorText(error)} />}
          <div className="cd-actions">
            <Button type="submit" isDisabled={!file || progress !== null} isLoading={progress !== null}>Show what would happen</Button>
            <span className="cd-quiet">Nothing is changed by that.</span>
          </div>
        </Form>
      </CardBody>
    </Card>
  );
}

function outcome(i: Import): string {
  if (!i.result) return i.state === 'failed' ? 'Could not be read' : 'Under way';
  const { created, updated, unchanged, failed } = i.result;
  const parts = [created > 0 && `${created.toLocaleString('en')} new`, updated > 0 && `${updated.toLocaleString('en')} changed`,
    unchanged > 0 && `${unchanged.toLocaleString('en')} as they were`, failed > 0 && `${failed.toLocaleString('en')} refused`];
  return parts.filter(Boolean).join(', ') || 'Nothing in it';
}

function Earlier() {
  const paging = usePaging('imports');
  const query = useQuery({
    queryKey: ['imports', paging.cursor, paging.limit],
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => api.get('/imports', { query: { limit: paging.limit, cursor: paging.cursor }, signal }),
  });
  return (
    <Card>
      <CardTitle component="h2">Earlier imports</CardTitle>
      <CardBody>
        <Loaded query={query} lines={3}>
          {(page) => (page.items.length === 0 ? <p className="cd-quiet">None yet.</p> : (
            <>
              <div className="cd-scroll">
                <Table variant="compact" aria-label="Imports" className="cd-table">
                  <Thead><Tr><Th>File</Th><Th>Kind</Th><Th>What came of it</Th><Th>By</Th><Th>When</Th></Tr></Thead>
                  <Tbody>
                    {page.items.map((i) => (
                      <Tr key={i.id}>
                        <Td dataLabel="File"><Link to={`/imports/${i.id}`} className="cd-break">{i.filename || `Import ${i.id}`}</Link> <span className="cd-quiet">{sizeWords(i.size)}</span></Td>
                        <Td dataLabel="Kind">{i.dry_run ? 'Trial' : 'Import'}</Td>
                        <Td dataLabel="What came of it">{outcome(i)}</Td>
                        <Td dataLabel="By">{i.by ?? 'certdesk'}</Td>
                        <Td dataLabel="When"><Time at={i.created_at} show="ago" /></Td>
                      </Tr>
                    ))}
                  </Tbody>
                </Table>
              </div>
              {(page.next_cursor !== null || paging.index > 0) && <Pager paging={paging} page={page} what="Imports" />}
            </>
          ))}
        </Loaded>
      </CardBody>
    </Card>
  );
}

export default function List() {
  return (
    <Page title="CSV import" parents={[{ to: '/certificates', text: 'Certificates' }]} lead={<>Bring a spreadsheet of certificates in, or change many at once. <a href="/api/v1/certificates.csv">Export all as CSV</a>.</>}>
      <PageSection><div className="cd-stack"><Upload /><Earlier /></div></PageSection>
    </Page>
  );
}
