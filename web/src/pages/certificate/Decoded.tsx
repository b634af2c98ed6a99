/* The decoded certificate, and the chain above it. */
import { Alert, Card, CardBody, CardTitle, Grid, GridItem } from '@patternfly/react-core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { api } from '../../api/client';
import { Loaded } from '../../parts/States';
import { chainWords } from '../../parts/words';
import { ChainTree } from './ChainTree';
import { DecodedFacts } from './DecodedFacts';

interface DecodedProps {
  id: number;
  fingerprint?: string;
}

function useDecoded({ id, fingerprint }: DecodedProps, allNames: boolean) {
  return useQuery({
    queryKey: ['certificate', id, 'decoded', fingerprint, allNames],
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => api.get('/certificates/{id}/decoded', {
      path: { id }, query: { fingerprint_sha256: fingerprint, all_names: allNames || undefined }, signal,
    }),
  });
}

export function DecodedCard(props: DecodedProps) {
  const [allNames, setAllNames] = useState(false);
  const query = useDecoded(props, allNames);
  return (
    <Card>
      <CardTitle component="h2">Certificate</CardTitle>
      <CardBody>
        <Loaded query={query} lines={10}>{({ leaf }) => <DecodedFacts decoded={leaf} showAllNames={() => setAllNames(true)} />}</Loaded>
      </CardBody>
    </Card>
  );
}

export function ChainTab(props: DecodedProps) {
  const [chosen, setChosen] = useState('');
  const query = useDecoded(props, false);
  return (
    <Loaded query={query} lines={10}>
      {({ leaf, chain, chain_status: status }) => {
        const shown = [leaf, ...chain].find((c) => c.fingerprint_sha256 === chosen) ?? chain[0] ?? leaf;
        return (
          <Grid hasGutter>
            <GridItem span={12} xl={4}>
              <Card>
                <CardTitle component="h2">Chain</CardTitle>
                <CardBody>
                  <Alert isInline isPlain variant={status === 'trusted' ? 'success' : 'warning'} title={chainWords[status]} />
                  <ChainTree leaf={leaf} chain={chain} chosen={shown.fingerprint_sha256} choose={setChosen} />
                </CardBody>
              </Card>
            </GridItem>
            <GridItem span={12} xl={8}>
              <Card>
                <CardTitle component="h2">{shown === leaf ? 'The certificate itself' : shown.name || 'Certificate in the chain'}</CardTitle>
                <CardBody><DecodedFacts decoded={shown} /></CardBody>
              </Card>
            </GridItem>
          </Grid>
        );
      }}
    </Loaded>
  );
}
