/* Asking before a certificate is forgotten. */
import { Content } from '@patternfly/react-core';
import { useQueryClient } from '@tanstack/react-query';
import { api } from '../../api/client';
import type { Certificate } from '../../api/types';
import { Dialog } from '../../parts/Dialog';
import { useToasts } from '../../parts/Toasts';

interface DeleteDialogProps {
  certificate: Certificate;
  close: () => void;
  done?: () => void;
}

export function DeleteDialog({ certificate, close, done }: DeleteDialogProps) {
  const client = useQueryClient();
  const toasts = useToasts();
  const run = async () => {
    await api.delete('/certificates/{id}', { path: { id: certificate.id } });
    toasts.done(`“${certificate.name}” is deleted`);
    done?.();
    for (const key of ['certificates', 'dashboard']) void client.invalidateQueries({ queryKey: [key] });
  };
  return (
    <Dialog title="Delete this certificate?" action="Delete" isDangerous run={run} close={close}>
      <Content component="p">
        “{certificate.name}” is no longer watched, and its versions, endpoints and log entries leave this page. Its tickets
        stay. What is served where does not change.
      </Content>
    </Dialog>
  );
}
