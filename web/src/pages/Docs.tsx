/* The API's own description, for people. */
import { Card, CardBody, CardTitle, Content, Label, PageSection } from '@patternfly/react-core';
import { useQuery } from '@tanstack/react-query';
import { api } from '../api/client';
import { Page } from '../parts/Page';
import { Loaded } from '../parts/States';

interface Operation {
  operationId?: string;
  summary?: string;
  description?: string;
  tags?: string[];
  'x-role'?: string;
}

interface Description {
  info: { description?: string };
  tags?: { name: string; description?: string }[];
  paths: Record<string, Record<string, Operation>>;
}

const methods = ['get', 'post', 'put', 'patch', 'delete'] as const;
const colors = { get: 'blue', post: 'green', put: 'orange', patch: 'orange', delete: 'red' } as const;

function operationsOf(doc: Description, tag: string) {
  return Object.entries(doc.paths).flatMap(([path, item]) => methods.flatMap((method) => {
    const operation = item[method];
    return operation?.tags?.includes(tag) ? [{ path, method, operation }] : [];
  }));
}

/* What stands between backticks is code. */
const marked = (text = '') => text.split('`').map((part, i) => (i % 2 === 1 ? <code key={i} className="cd-break">{part}</code> : part));

function Group({ doc, name, description }: { doc: Description; name: string; description?: string }) {
  return (
    <Card>
      <CardTitle component="h2">{name.charAt(0).toUpperCase() + name.slice(1)}</CardTitle>
      <CardBody>
        <p className="cd-quiet">{marked(description)}</p>
        <ul className="cd-rows">
          {operationsOf(doc, name).map(({ path, method, operation }) => (
            <li key={method + path} className="cd-operation">
              <Label isCompact color={colors[method]}>{method.toUpperCase()}</Label>
              <code className="cd-break">{path}</code>
              <span>{marked(operation.summary)}</span>
              <span className="cd-quiet">{operation['x-role']}</span>
            </li>
          ))}
        </ul>
      </CardBody>
    </Card>
  );
}

export default function Docs() {
  const query = useQuery({
    queryKey: ['openapi'],
    staleTime: Infinity,
    queryFn: async ({ signal }) => await api.get('/openapi.json', { signal }) as unknown as Description,
  });
  return (
    <Page title="API" lead={<>Everything this page does, programs can do too. The full description is <a href="/api/v1/openapi.json">OpenAPI 3.1</a>.</>}>
      <PageSection>
        <Loaded query={query} lines={10}>
          {(doc) => (
            <div className="cd-stack">
              <Card><CardBody><Content component="p">{marked(doc.info.description)}</Content></CardBody></Card>
              {(doc.tags ?? []).map((t) => <Group key={t.name} doc={doc} name={t.name} description={t.description} />)}
            </div>
          )}
        </Loaded>
      </PageSection>
    </Page>
  );
}
