/* Asking before a certificate is forgotten. */
import { Content } from '@patternfly/react-core';
import { useQueryClient } from '@tanstack/react-query';
import { api } from '../../api/client';
import type { Certificate } from '../../api/types';
import { navigate } from '../../app/router';
import { Dialog } from '../../parts/Dialog';
import { useToasts } from '../../parts/Toasts';

interface DeleteDialogProps {
  certificate: Certificate;
  close: () => void;
  done?: () => void;
}

/* It cannot be deleted while it belongs somewhere: better said before than refused after. */
function InUse({ certificate, close }: DeleteDialogProps) {
  const show = () => Promise.resolve(navigate(`/certificates/${certificate.id}?tab=resources`));
  return (
    <Dialog title="This certificate is in use" action="Show its resources" run={show} close={close}>
      <Content component="p">
        “{certificate.name}” belongs on {certificate.resources.join(', ')}. Disassociate it there, or swap it for another
        certificate; then it can be deleted.
      </Content>
    </Dialog>
  );
}

export function DeleteDialog(props: DeleteDialogProps) {
  const { certificate, close, done } = props;
  const client = useQueryClient();
  const toasts = useToasts();
  const run = async () => {
    await api.delete('/certificates/{id}', { path: { id: certificate.id } });
    toasts.done(`“${certificate.name}” is deleted`);
    done?.();
    for (const key of ['certificates', 'dashboard']) void client.invalidateQueries({ queryKey: [key] });
  };
  if (certificate.resources.length > 0) return <InUse {...props} />;
  return (
    <Dialog title="Delete this certificate?" action="Delete" isDangerous run={run} close={close}>
      <Content component="p">
        “{certificate.name}” is no longer watched, and its versions, endpoints and log entries leave this page. Its tickets
        stay. What is served where does not change.
      </Content>
      {certificate.has_private_key && <Content component="p">Its private key goes with it, and cannot be brought back.</Content>}
    </Dialog>
  );
}
