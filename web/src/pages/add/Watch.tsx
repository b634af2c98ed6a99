/* One certificate by the endpoint that serves it. */
import { Grid, GridItem } from '@patternfly/react-core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client';
import type { CertificateCreated, Protocol } from '../../api/types';
import { defaultPorts, protocols } from '../../api/types';
import { navigate } from '../../app/router';
import { ChoiceField, TextField } from '../../parts/Fields';
import { aboutField } from '../../parts/States';
import { protocolWords } from '../../parts/words';
import { Attach } from './Attach';
import { Frame } from './Frame';
import type { GeneralBody } from './general';

export function Watch({ leave }: { leave: () => void }) {
  const client = useQueryClient();
  const [host, setHost] = useState('');
  const [protocol, setProtocol] = useState<Protocol>('tls');
  const [sni, setSni] = useState('');
  const [created, setCreated] = useState<CertificateCreated | null>(null);

  const submit = async (general: GeneralBody) => {
    const answer = await api.post('/certificates', {
      ...general, endpoints: [{ host: host.trim(), protocol, sni: sni.trim() || undefined }],
    });
    for (const key of ['certificates', 'dashboard']) void client.invalidateQueries({ queryKey: [key] });
    if (answer.attachable.length > 0) setCreated(answer);
    else navigate(`/certificates/${answer.id}${answer.job === null ? '' : `?job=${answer.job}`}`);
  };

  if (created) return <Attach created={created} />;
  return (
    <Frame
      what="Endpoint" action="Add certificate" isReady={host.trim() !== ''} ownFields={['endpoints']} nameHelp="The host where left empty"
      submit={submit} leave={leave}
    >
      {(error) => (
        <Grid hasGutter md={6}>
          <GridItem>
            <TextField
              label="Host" value={host} onChange={setHost} isRequired autoFocus maxLength={300}
              placeholder="www.example.org" error={aboutField(error, 'endpoints')}
              help={`Name or address, with :port where it is not ${defaultPorts[protocol]}`}
            />
          </GridItem>
          <GridItem>
            <ChoiceField
              label="Protocol" value={protocol} onChange={setProtocol}
              options={protocols.map((p): [Protocol, string] => [p, protocolWords[p]])}
            />
          </GridItem>
          <GridItem>
            <TextField label="SNI" value={sni} onChange={setSni} maxLength={253} help="The name to ask for, where it is not the host" />
          </GridItem>
        </Grid>
      )}
    </Frame>
  );
}
