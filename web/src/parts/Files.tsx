/* Choosing a file: by the file dialog, by dropping it, or (for text) by pasting what is in it. */
import { Button, TextArea } from '@patternfly/react-core';
import { FileIcon, TimesIcon, UploadIcon } from '@patternfly/react-icons';
import { useId, useRef, useState, type DragEvent, type ReactNode } from 'react';
import { Field } from './Fields';

export function sizeWords(bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`;
  if (bytes < 1024 * 1024) return `${Math.round(bytes / 1024)} KiB`;
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}

/* Keep the browser from opening what is dropped, and say so while something hovers. */
function useDrop(take: (file: File) => void) {
  const [isOver, setOver] = useState(false);
  return {
    isOver,
    handlers: {
      onDragOver: (event: DragEvent) => {
        event.preventDefault();
        setOver(true);
      },
      onDragLeave: () => setOver(false),
      onDrop: (event: DragEvent) => {
        event.preventDefault();
        setOver(false);
        const file = event.dataTransfer.files[0];
        if (file) take(file);
      },
    },
  };
}

function Chosen({ file, clear }: { file: File; clear: () => void }) {
  return (
    <span className="cd-file">
      <FileIcon aria-hidden /> <span className="cd-break">{file.name}</span> <span className="cd-quiet">{sizeWords(file.size)}</span>
      <Button variant="plain" size="sm" hasNoPadding icon={<TimesIcon />} aria-label={`Remove ${file.name}`} onClick={clear} />
    </span>
  );
}

interface FileFieldProps {
  label: string;
  file: File | null;
  onChange: (file: File | null) => void;
  accept?: string;
  help?: ReactNode;
  error?: string;
  isRequired?: boolean;
  maxBytes?: number;
}

export function FileField({ label, file, onChange, accept, help, error, isRequired, maxBytes }: FileFieldProps) {
  const input = useRef<HTMLInputElement>(null);
  const { isOver, handlers } = useDrop(onChange);
  const tooLarge = file && maxBytes && file.size > maxBytes ? `larger than ${sizeWords(maxBytes)}` : undefined;
  return (
    <Field label={label} help={help} error={tooLarge ?? error} isRequired={isRequired}>
      {(id) => (
        <div className={`cd-drop${isOver ? ' cd-is-over' : ''}`} {...handlers}>
          <input
            ref={input} id={id} type="file" className="cd-file-input" accept={accept}
            onChange={(event) => {
              onChange(event.target.files?.[0] ?? null);
              event.target.value = '';
            }}
          />
          {file ? <Chosen file={file} clear={() => onChange(null)} /> : <span className="cd-quiet">Drop a file here, or</span>}
          <Button variant="secondary" size="sm" icon={<UploadIcon />} onClick={() => input.current?.click()}>
            {file ? 'Choose another' : 'Choose a file'}
          </Button>
        </div>
      )}
    </Field>
  );
}

/* What was pasted, or a file that is no text. */
export type Pasted = { text: string; file: null } | { text: ''; file: File };
export const nothingPasted: Pasted = { text: '', file: null };
export const isPasted = (p: Pasted): boolean => p.file !== null || p.text.trim() !== '';
export const blobOf = (p: Pasted): Blob => p.file ?? new Blob([p.text], { type: 'text/plain' });

async function readPasted(file: File): Promise<Pasted> {
  if (file.size > 4 * 1024 * 1024) return { text: '', file };
  const bytes = new Uint8Array(await file.arrayBuffer());
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return text.includes('-----BEGIN') ? { text, file: null } : { text: '', file };
  } catch {
    return { text: '', file };
  }
}

interface PasteFieldProps {
  label: string;
  value: Pasted;
  onChange: (value: Pasted) => void;
  help?: ReactNode;
  error?: string;
  isRequired?: boolean;
  rows?: number;
  placeholder?: string;
  accept?: string;
}

export function PasteField({ label, value, onChange, help, error, isRequired, rows = 5, placeholder, accept }: PasteFieldProps) {
  const input = useRef<HTMLInputElement>(null);
  const fileId = useId();
  const take = (file: File) => void readPasted(file).then(onChange);
  const { isOver, handlers } = useDrop(take);
  return (
    <Field label={label} help={help} error={error} isRequired={isRequired}>
      {(id, isBad) => (
        <div className={`cd-paste${isOver ? ' cd-is-over' : ''}`} {...handlers}>
          {value.file ? <div className="cd-drop"><Chosen file={value.file} clear={() => onChange(nothingPasted)} /></div> : (
            <TextArea
              id={id} value={value.text} rows={rows} className="cd-mono" spellCheck={false} autoComplete="off"
              onChange={(_, text) => onChange({ text, file: null })} placeholder={placeholder} isRequired={isRequired}
              resizeOrientation="vertical" validated={isBad ? 'error' : 'default'}
            />
          )}
          <input
            ref={input} id={fileId} type="file" className="cd-file-input" accept={accept} aria-label={`${label} from a file`}
            onChange={(event) => {
              const file = event.target.files?.[0];
              if (file) take(file);
              event.target.value = '';
            }}
          />
          <Button variant="link" isInline icon={<UploadIcon />} aria-label={`Read ${label.toLowerCase()} from a file`} onClick={() => input.current?.click()}>
            Read from a file
          </Button>
        </div>
      )}
    </Field>
  );
}
