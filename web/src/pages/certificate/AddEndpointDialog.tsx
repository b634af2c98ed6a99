/* One more place where a certificate is served. */
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client';
import type { Certificate, Protocol } from '../../api/types';
import { defaultPorts, protocols } from '../../api/types';
import { Dialog } from '../../parts/Dialog';
import { ChoiceField, TextField } from '../../parts/Fields';
import { protocolWords } from '../../parts/words';

export function AddEndpointDialog({ certificate, close }: { certificate: Certificate; close: () => void }) {
  const client = useQueryClient();
  const [host, setHost] = useState('');
  const [sni, setSni] = useState('');
  const [protocol, setProtocol] = useState<Protocol>('tls');
  const run = async () => {
    await api.post('/certificates/{id}/endpoints', { host: host.trim(), protocol, sni: sni.trim() || undefined },
      { path: { id: certificate.id } });
    for (const key of ['certificate', 'certificates']) void client.invalidateQueries({ queryKey: [key] });
  };
  return (
    <Dialog title="Add endpoint" action="Add" run={run} close={close} isDisabled={host.trim() === ''}>
      <TextField
        label="Host" value={host} onChange={setHost} isRequired autoFocus maxLength={300}
        help={`Name or address, with :port where it is not ${defaultPorts[protocol]}`}
      />
      <ChoiceField
        label="Protocol" value={protocol} onChange={setProtocol}
        options={protocols.map((p): [Protocol, string] => [p, protocolWords[p]])}
      />
      <TextField label="SNI" value={sni} onChange={setSni} maxLength={253} help="Where it is not the host" />
    </Dialog>
  );
}
