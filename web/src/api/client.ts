/*
 * Calls to /api/v1, typed by api/openapi.yaml.
 *
 * A change repeats the session's CSRF token in a header. A refusal becomes an ApiError with the server's words; when
 * it is "sign in first", whoever has subscribed with onSignedOut is told.
 */
import type { paths } from './schema.gen';
import type { Problem } from './types';

const base = '/api/v1';

let csrfToken: string | null = null;
let signedOut: () => void = () => undefined;

export function setCsrfToken(token: string | null): void {
  csrfToken = token;
}

export function onSignedOut(listener: () => void): void {
  signedOut = listener;
}

export class ApiError extends Error {
  constructor(readonly status: number, readonly problem: Problem) {
    super(problem.detail || problem.title);
  }

  /* What the server says about one field of the request, and about what is inside of it. */
  about(field: string): string | undefined {
    const messages = this.problem.errors.filter((e) => e.field === field || e.field.startsWith(`${field}[`)
      || e.field.startsWith(`${field}.`)).map((e) => e.message);
    return messages.length > 0 ? messages.join('; ') : undefined;
  }
}

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';
type With<M extends Method> = { [P in keyof paths]: paths[P] extends Record<M, { responses: unknown }> ? P : never }[keyof paths];
type Json<R> = R extends { content: { 'application/json': infer T } } ? T : never;
type Answers<O> = O extends { responses: infer R }
  ? { [S in keyof R]: S extends 200 | 201 | 202 ? Json<R[S]> : never }[keyof R] : never;
type Body<O> = O extends { requestBody?: { content: { 'application/json': infer T } } } ? T : undefined;

type Value = string | number | boolean | string[] | null | undefined;
export type Params = Record<string, Value>;

export interface Options {
  path?: Record<string, string | number>;
  query?: Params;
  etag?: string;
  signal?: AbortSignal;
}

/* Empty values are left out, lists are joined by commas. */
export function queryText(params: Params): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    const text = Array.isArray(value) ? value.join(',') : String(value ?? '');
    if (text !== '') search.set(name, text);
  }
  const text = search.toString();
  return text ? `?${text}` : '';
}

function urlOf(template: string, options: Options): string {
  const path = template.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(options.path?.[name] ?? ''));
  return base + path + queryText(options.query ?? {});
}

async function problemOf(response: Response): Promise<Problem> {
  const otherwise: Problem = {
    type: 'about:blank', title: response.statusText || 'No answer', status: response.status, errors: [],
    detail: `the server answered ${response.status} ${response.statusText}`.trim(),
  };
  try {
    return { ...otherwise, ...(await response.json() as Partial<Problem>) };
  } catch {
    return otherwise;
  }
}

async function send(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, { credentials: 'same-origin', ...init });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new ApiError(0, {
      type: 'about:blank', title: 'No connection', status: 0, errors: [], detail: 'the server cannot be reached',
    });
  }
}

/*
 * What the server does once for each key. A request that had no answer keeps its key: whoever presses the button again
 * means the same, and gets the answer of what was done already.
 */
const doneOnce = /^\/(tickets|certificates\/\{id\}\/(enroll|renew|revoke))(\/|$)/;
const unanswered = new Map<string, string>();

function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

async function sendOnce(url: string, init: RequestInit & { headers: Record<string, string> }): Promise<Response> {
  const request = `${url}\n${String(init.body)}`;
  const key = unanswered.get(request) ?? newKey();
  unanswered.set(request, key);
  const response = await send(url, { ...init, headers: { ...init.headers, 'Idempotency-Key': key } });
  unanswered.delete(request);
  return response;
}

async function call(method: Method, template: string, body: unknown, options: Options): Promise<unknown> {
  const headers: Record<string, string> = { Accept: 'application/json' };
  if (method !== 'get' && csrfToken) headers['X-CSRF-Token'] = csrfToken;
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  if (options.etag) headers['If-Match'] = options.etag;
  const isOnce = method === 'post' && doneOnce.test(template);
  const response = await (isOnce ? sendOnce : send)(urlOf(template, options), {
    method: method.toUpperCase(),
    headers,
    body: body === undefined ? undefined : JSON.stringify(body),
    signal: options.signal,
  });
  if (!response.ok) {
    const error = new ApiError(response.status, await problemOf(response));
    if (response.status === 401 && template !== '/session') signedOut();
    throw error;
  }
  return response.status === 204 ? undefined : response.json();
}

/* How much of a body has arrived, from 0 to 1. */
export type OnProgress = (part: number) => void;

interface UploadOptions extends Options {
  type?: string; /* of a body that does not say itself what it is */
  onProgress?: OnProgress;
}

function problemOfText(request: XMLHttpRequest): Problem {
  const otherwise: Problem = {
    type: 'about:blank', title: request.statusText || 'No answer', status: request.status, errors: [],
    detail: request.status === 0 ? 'the server cannot be reached' : `the server answered ${request.status} ${request.statusText}`.trim(),
  };
  try {
    return { ...otherwise, ...(JSON.parse(request.responseText) as Partial<Problem>) };
  } catch {
    return otherwise;
  }
}

/* Files go by XMLHttpRequest: fetch() does not say how far an upload has come. */
function upload(template: string, body: FormData | Blob, options: UploadOptions): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', urlOf(template, options));
    request.setRequestHeader('Accept', 'application/json');
    if (csrfToken) request.setRequestHeader('X-CSRF-Token', csrfToken);
    if (options.type) request.setRequestHeader('Content-Type', options.type);
    request.upload.onprogress = (event) => event.lengthComputable && options.onProgress?.(event.loaded / event.total);
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) return resolve(JSON.parse(request.responseText));
      if (request.status === 401) signedOut();
      return reject(new ApiError(request.status, problemOfText(request)));
    };
    request.onerror = () => reject(new ApiError(0, problemOfText(request)));
    request.onabort = () => reject(new DOMException('', 'AbortError'));
    options.signal?.addEventListener('abort', () => request.abort());
    request.send(body);
  });
}

async function text(template: string, options: Options): Promise<string> {
  const response = await send(urlOf(template, options), { headers: { Accept: '*/*' }, signal: options.signal });
  if (!response.ok) throw new ApiError(response.status, await problemOf(response));
  return response.text();
}

/* The name that an answer gives to its file. */
function fileNameOf(response: Response): string | null {
  return /filename="?([^";]+)"?/.exec(response.headers.get('Content-Disposition') ?? '')?.[1] ?? null;
}

/* A file that has to be asked for by POST. `arrived` hears how many bytes have come. */
async function download(path: With<'post'>, arrived: (bytes: number) => void): Promise<{ name: string | null; blob: Blob }> {
  const headers: Record<string, string> = csrfToken ? { 'X-CSRF-Token': csrfToken } : {};
  const response = await send(base + path, { method: 'POST', headers });
  if (!response.ok) {
    const error = new ApiError(response.status, await problemOf(response));
    if (response.status === 401) signedOut();
    throw error;
  }
  const chunks: BlobPart[] = [];
  let bytes = 0;
  const reader = response.body?.getReader();
  for (;;) {
    const part = await reader?.read();
    if (!part || part.done) break;
    chunks.push(part.value);
    bytes += part.value.length;
    arrived(bytes);
  }
  return { name: fileNameOf(response), blob: new Blob(chunks, { type: 'application/octet-stream' }) };
}

export const api = {
  text,
  download,
  upload<P extends With<'post'>>(path: P, body: FormData | Blob, options: UploadOptions = {}): Promise<Answers<paths[P]['post']>> {
    return upload(path, body, options) as Promise<Answers<paths[P]['post']>>;
  },
  get<P extends With<'get'>>(path: P, options: Options = {}): Promise<Answers<paths[P]['get']>> {
    return call('get', path, undefined, options) as Promise<Answers<paths[P]['get']>>;
  },
  post<P extends With<'post'>>(path: P, body: Body<paths[P]['post']>, options: Options = {}):
  Promise<Answers<paths[P]['post']>> {
    return call('post', path, body, options) as Promise<Answers<paths[P]['post']>>;
  },
  put<P extends With<'put'>>(path: P, body: Body<paths[P]['put']>, options: Options = {}):
  Promise<Answers<paths[P]['put']>> {
    return call('put', path, body, options) as Promise<Answers<paths[P]['put']>>;
  },
  patch<P extends With<'patch'>>(path: P, body: Body<paths[P]['patch']>, options: Options = {}):
  Promise<Answers<paths[P]['patch']>> {
    return call('patch', path, body, options) as Promise<Answers<paths[P]['patch']>>;
  },
  delete<P extends With<'delete'>>(path: P, options: Options = {}): Promise<Answers<paths[P]['delete']>> {
    return call('delete', path, undefined, options) as Promise<Answers<paths[P]['delete']>>;
  },
};
