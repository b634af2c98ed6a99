/* Another certificate in the place of this one, in one step: the resource is never without. */
import { Content } from '@patternfly/react-core';
import { useState } from 'react';
import { api } from '../../api/client';
import type { Certificate, CertificateResource } from '../../api/types';
import { CertificatePicker } from '../../parts/CertificatePicker';
import { Dialog } from '../../parts/Dialog';
import { useRefreshResources } from '../certificate/ResourcesTab';

export function SwapDialog({ certificate, entry, close }: { certificate: Certificate; entry: CertificateResource; close: () => void }) {
  const refresh = useRefreshResources();
  const [chosen, setChosen] = useState<Certificate | null>(null);
  const run = async () => {
    const path = { id: entry.resource.id };
    const now = await api.get('/resources/{id}/associations', { path });
    const isMeant = (a: typeof now.items[number]) => a.certificate.id === certificate.id && a.slot === entry.slot;
    if (!now.items.some(isMeant)) throw new Error(`“${certificate.name}” is not there any more: somebody else has changed it`);
    const items = now.items.map((a) => ({ slot: a.slot, certificate: chosen && isMeant(a) ? chosen.id : a.certificate.id }));
    await api.put('/resources/{id}/associations', { items }, { path, etag: now.etag });
    refresh();
  };
  return (
    <Dialog title={`Swap on “${entry.resource.name}”`} action="Save changes" run={run} close={close} size="medium" isDisabled={!chosen}>
      <Content component="p">Takes the place of “{certificate.name}”{entry.slot && ` at ${entry.slot}`}: both happen, or neither.</Content>
      <CertificatePicker label="New certificate" chosen={chosen} choose={setChosen} except={certificate.id} />
    </Dialog>
  );
}
