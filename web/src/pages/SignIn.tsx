/* Signing in. */
import { Alert, Button, Form, Title } from '@patternfly/react-core';
import { useEffect, useState, type FormEvent } from 'react';
import { useSignIn } from '../app/session';
import { TextField } from '../parts/Fields';
import { errorText } from '../parts/States';

export function SignIn() {
  const signIn = useSignIn();
  const [username, setUsername] = useState('');
  const [password, setPassword] = useState('');
  const [error, setError] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  useEffect(() => {
    document.title = 'Sign in · certdesk';
  }, []);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await signIn(username.trim(), password);
    } catch (e) {
      setError(e);
      setPassword('');
      setBusy(false);
    }
  };

  return (
    <main className="cd-sign-in">
      <div className="cd-sign-in-card">
        <div className="cd-sign-in-brand">
          <img src="/favicon.svg" alt="" width="40" height="40" />
          <Title headingLevel="h1" size="2xl">certdesk</Title>
        </div>
        <Form onSubmit={(e) => void submit(e)}>
          {error !== null && <Alert isInline variant="danger" title={errorText(error)} />}
          <TextField
            label="User name" value={username} onChange={setUsername} isRequired autoFocus
            autoComplete="username" maxLength={64}
          />
          <TextField
            label="Password" type="password" value={password} onChange={setPassword} isRequired
            autoComplete="current-password" maxLength={1024}
          />
          <Button type="submit" isBlock isLoading={isBusy} isDisabled={isBusy || username.trim() === '' || password === ''}>
            Sign in
          </Button>
        </Form>
      </div>
    </main>
  );
}
