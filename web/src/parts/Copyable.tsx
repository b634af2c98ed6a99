/* Long technical text with a button that copies it. */
import { Button } from '@patternfly/react-core';
import { CheckIcon, CopyIcon } from '@patternfly/react-icons';
import { useState } from 'react';

function useCopy(text: string): [boolean, () => void] {
  const [isCopied, setCopied] = useState(false);
  const copy = () => {
    void navigator.clipboard?.writeText(text).then(() => {
      setCopied(true);
      setTimeout(() => setCopied(false), 2000);
    });
  };
  return [isCopied, copy];
}

export function CopyButton({ text, words }: { text: string; words: string }) {
  const [isCopied, copy] = useCopy(text);
  if (!navigator.clipboard) return null;
  return <Button variant="secondary" icon={isCopied ? <CheckIcon /> : <CopyIcon />} onClick={copy}>{isCopied ? 'Copied' : words}</Button>;
}

export function Copyable({ text, shown }: { text: string; shown?: string }) {
  const [isCopied, copy] = useCopy(text);
  return (
    <span className="cd-copyable">
      <code className="cd-break">{shown ?? text}</code>
      {Boolean(navigator.clipboard) && (
        <Button
          variant="plain"
          size="sm"
          aria-label={isCopied ? 'Copied' : 'Copy'}
          icon={isCopied ? <CheckIcon /> : <CopyIcon />}
          onClick={copy}
          hasNoPadding
        />
      )}
    </span>
  );
}
