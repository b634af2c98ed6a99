/* The chain as a tree: the top is what signed the rest, the last one is the certificate itself. */
import { Button } from '@patternfly/react-core';
import type { Decoded } from '../../api/types';
import { Time } from '../../parts/Time';

interface ChainTreeProps {
  leaf: Decoded;
  chain: Decoded[];
  chosen: string;
  choose: (fingerprint: string) => void;
}

export function ChainTree({ leaf, chain, chosen, choose }: ChainTreeProps) {
  const fromTop = [...chain].reverse().concat(leaf);
  return (
    <ol className="cd-chain" aria-label="Chain, from the top down to the certificate">
      {fromTop.map((cert, depth) => (
        <li key={cert.fingerprint_sha256} className={`cd-depth-${Math.min(depth, 8)}`}>
          <Button
            variant={cert.fingerprint_sha256 === chosen ? 'tertiary' : 'link'}
            isInline={cert.fingerprint_sha256 !== chosen}
            size="sm"
            aria-pressed={cert.fingerprint_sha256 === chosen}
            onClick={() => choose(cert.fingerprint_sha256)}
          >
            <span className="cd-break">{cert.name}</span>
          </Button>
          <span className="cd-quiet"> until <Time at={cert.not_after} show="date" /></span>
        </li>
      ))}
    </ol>
  );
}
