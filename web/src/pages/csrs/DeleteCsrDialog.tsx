/* Asking before a CSR, and with it perhaps its key, is gone. */
import { Content } from '@patternfly/react-core';
import { useQueryClient } from '@tanstack/react-query';
import { api } from '../../api/client';
import type { Csr } from '../../api/types';
import { Dialog } from '../../parts/Dialog';

export function DeleteCsrDialog({ csr, close, done }: { csr: Csr; close: () => void; done?: () => void }) {
  const client = useQueryClient();
  const run = async () => {
    await api.delete('/csrs/{id}', { path: { id: csr.id } });
    void client.invalidateQueries({ queryKey: ['csrs'] });
    done?.();
  };
  return (
    <Dialog title={`Delete the CSR “${csr.name}”?`} action="Delete" isDangerous run={run} close={close}>
      <Content component="p">
        {csr.used_at ? 'Its key stays with the certificate that was made of it.'
          : 'Its private key is destroyed with it. A certificate that the CA still makes of it will be of no use.'}
      </Content>
    </Dialog>
  );
}
