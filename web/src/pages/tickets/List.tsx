/* Tickets, as a list or on a board. */
import { Button, PageSection, ToggleGroup, ToggleGroupItem, Toolbar, ToolbarContent, ToolbarGroup, ToolbarItem } from '@patternfly/react-core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { api } from '../../api/client';
import { Link, useSearch } from '../../app/router';
import { Page } from '../../parts/Page';
import { Pager, usePaging } from '../../parts/Pager';
import { Failed, Nothing } from '../../parts/States';
import { Board } from './Board';
import { isFiltered, noFilter, paramsOf } from './filter';
import { Filters } from './Filters';
import { TicketTable } from './TicketTable';

function useTickets(search: URLSearchParams, isEnabled: boolean) {
  const params = paramsOf(search);
  const key = JSON.stringify(params);
  const paging = usePaging(key);
  const query = useQuery({
    queryKey: ['tickets', key, paging.cursor, paging.limit],
    enabled: isEnabled,
    placeholderData: keepPreviousData,
    refetchInterval: 30000,
    queryFn: ({ signal }) => api.get('/tickets', { query: { ...params, limit: paging.limit, cursor: paging.cursor }, signal }),
  });
  return { query, paging };
}

export default function List() {
  const [search, change] = useSearch();
  const isBoard = search.get('view') === 'board';
  const { query, paging } = useTickets(search, !isBoard);
  return (
    <Page
      title="Tickets"
      lead="A certificate is asked for, enrolled, renewed and revoked by its ticket. Before one ends, certdesk opens a ticket by itself."
      actions={(
        <>
          <Link className="pf-v6-c-button pf-m-primary" to="/tickets/new">Create ticket</Link>
          <ToggleGroup aria-label="Show as">
            <ToggleGroupItem text="List" isSelected={!isBoard} onChange={() => change({ view: '' })} />
            <ToggleGroupItem text="Board" isSelected={isBoard} onChange={() => change({ view: 'board' })} />
          </ToggleGroup>
        </>
      )}
    >
      <PageSection>
        <Toolbar inset={{ default: 'insetNone' }}>
          <ToolbarContent>
            <Filters isBoard={isBoard} />
            {!isBoard && (
              <ToolbarGroup align={{ default: 'alignEnd' }}>
                <ToolbarItem><Pager paging={paging} page={query.data} what="Tickets" /></ToolbarItem>
              </ToolbarGroup>
            )}
          </ToolbarContent>
        </Toolbar>
        {isBoard && <Board />}
        {!isBoard && (query.error && !query.data ? <Failed error={query.error} retry={() => void query.refetch()} />
          : <div className="cd-scroll"><TicketTable items={query.data?.items} /></div>)}
        {!isBoard && query.data?.items.length === 0 && (isFiltered(search) ? (
          <Nothing title="No ticket matches" action={<Button variant="link" onClick={() => change(noFilter)}>Show all open tickets</Button>}>
            Nothing that you may see fits.
          </Nothing>
        ) : (
          <Nothing title="No open tickets" action={<Link to="/tickets?show=all">Show the resolved ones, too</Link>}>
            Nothing needs doing. A ticket appears here when somebody asks for a certificate, or when one nears its end.
          </Nothing>
        ))}
      </PageSection>
    </Page>
  );
}
