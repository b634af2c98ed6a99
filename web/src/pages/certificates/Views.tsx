/* The menu of saved views, and the dialogs to save and to change one. */
import { Checkbox, Content, Divider, Dropdown, DropdownGroup, DropdownItem, DropdownList, MenuToggle } from '@patternfly/react-core';
import { useState } from 'react';
import { api } from '../../api/client';
import type { View } from '../../api/types';
import { useMe } from '../../app/session';
import { Dialog } from '../../parts/Dialog';
import { TextField } from '../../parts/Fields';
import { aboutField } from '../../parts/States';
import { isSameView, useRefreshViews, type ViewQuery } from './savedViews';

interface ViewDialogProps {
  view?: View;
  query: ViewQuery;
  columns: string[];
  close: () => void;
  saved: (view: View) => void;
}

function ViewDialog({ view, query, columns, close, saved }: ViewDialogProps) {
  const refresh = useRefreshViews();
  const [name, setName] = useState(view?.name ?? '');
  const [shared, setShared] = useState(view?.shared ?? false);
  const [isDefault, setDefault] = useState(view?.default ?? false);
  const run = async () => {
    const body = { name: name.trim(), shared, default: isDefault };
    const answer = view ? api.patch('/views/{id}', body, { path: { id: view.id }, etag: view.etag }) : api.post('/views', { ...body, query: query as never, columns });
    saved(await answer);
    await refresh();
  };
  return (
    <Dialog title={view ? 'Edit view' : 'Save this view'} action="Save" run={run} close={close} isDisabled={name.trim() === ''}>
      {(error) => (
        <>
          {!view && <Content component="p">Keeps the filters, the order and the columns as they are now.</Content>}
          <TextField label="Name" value={name} onChange={setName} isRequired autoFocus maxLength={100} error={aboutField(error, 'name')} />
          <Checkbox id="cd-view-shared" label="Share it" description="Others may use it; each sees the certificates that they may see." isChecked={shared} onChange={(_, v) => setShared(v)} />
          <Checkbox id="cd-view-default" label="Show it first" description="Whenever you open the list of certificates" isChecked={isDefault} onChange={(_, v) => setDefault(v)} />
        </>
      )}
    </Dialog>
  );
}

interface ViewsProps {
  views: View[];
  current: View | undefined;
  query: ViewQuery;
  columns: string[];
  show: (view: View) => void;
  showAll: () => void;
}

type Asking = 'new' | 'edit' | 'delete' | null;

export function Views({ views, current, query, columns, show, showAll }: ViewsProps) {
  const me = useMe();
  const refresh = useRefreshViews();
  const [isOpen, setOpen] = useState(false);
  const [asking, setAsking] = useState<Asking>(null);
  const close = () => setAsking(null);
  const isMine = current !== undefined && (current.owner === me.name || me.role === 'admin');
  const isChanged = current !== undefined && !isSameView(current, query, columns);
  const saveChanges = async () => {
    if (!current) return;
    show(await api.patch('/views/{id}', { query: query as never, columns }, { path: { id: current.id }, etag: current.etag }));
    await refresh();
  };
  const item = (v: View) => (
    <DropdownItem key={v.id} isSelected={v.id === current?.id} onClick={() => show(v)} description={v.owner === me.name ? undefined : `by ${v.owner}`}>{v.name}</DropdownItem>
  );
  const mine = views.filter((v) => v.owner === me.name);
  const others = views.filter((v) => v.owner !== me.name);

  return (
    <>
      <Dropdown
        isOpen={isOpen} onOpenChange={setOpen} onSelect={() => setOpen(false)}
        toggle={(ref) => (
          <MenuToggle ref={ref} isExpanded={isOpen} onClick={() => setOpen(!isOpen)} aria-label="Saved views">
            {current ? <>{current.name}{isChanged && <span className="cd-quiet"> (changed)</span>}</> : 'Views'}
          </MenuToggle>
        )}
      >
        <DropdownList>
          <DropdownItem onClick={showAll}>All certificates</DropdownItem>
          {mine.length > 0 && <DropdownGroup label="Mine">{mine.map(item)}</DropdownGroup>}
          {others.length > 0 && <DropdownGroup label="Shared">{others.map(item)}</DropdownGroup>}
          <Divider component="li" />
          <DropdownItem onClick={() => setAsking('new')}>Save this view…</DropdownItem>
          {isMine && isChanged && <DropdownItem onClick={() => void saveChanges()}>Save changes to “{current.name}”</DropdownItem>}
          {isMine && <DropdownItem onClick={() => setAsking('edit')}>Rename, share…</DropdownItem>}
          {isMine && <DropdownItem isDanger onClick={() => setAsking('delete')}>Delete “{current.name}”</DropdownItem>}
        </DropdownList>
      </Dropdown>
      {asking === 'new' && <ViewDialog query={query} columns={columns} close={close} saved={show} />}
      {asking === 'edit' && <ViewDialog view={current} query={query} columns={columns} close={close} saved={show} />}
      {asking === 'delete' && current && (
        <Dialog
          title={`Delete the view “${current.name}”?`} action="Delete" isDangerous close={close}
          run={() => api.delete('/views/{id}', { path: { id: current.id } }).then(refresh).then(showAll)}
        >
          <Content component="p">{current.shared ? 'Those it is shared with lose it too.' : 'Its certificates stay.'}</Content>
        </Dialog>
      )}
    </>
  );
}
