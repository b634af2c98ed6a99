/* Creating a ticket: for a certificate, or to have one revoked. */
import { PageSection, ToggleGroup, ToggleGroupItem } from '@patternfly/react-core';
import { navigate, useSearch } from '../../app/router';
import { Page } from '../../parts/Page';
import { ticketTypeWords } from '../../parts/words';
import { RequestForm } from './RequestForm';
import { RevokeForm } from './RevokeForm';

const types = ['certificate', 'revoke_certificate'] as const;
const leads = {
  certificate: 'A certificate is asked for by its profile. The ticket then takes it through its life.',
  revoke_certificate: 'For a certificate that was enrolled elsewhere. One that has a ticket here is revoked from that ticket.',
};

export default function New() {
  const [search, change] = useSearch();
  const type = types.find((t) => t === search.get('type')) ?? 'certificate';
  const certificate = Number(search.get('certificate')) || undefined;
  const leave = () => navigate(certificate ? `/certificates/${certificate}` : '/tickets');
  return (
    <Page
      title={certificate ? 'Enroll from a profile' : 'Create ticket'} lead={certificate ? 'The record gets a new certificate, by a ticket of its own.' : leads[type]}
      parents={[certificate ? { to: `/certificates/${certificate}`, text: 'Certificate' } : { to: '/tickets', text: 'Tickets' }]}
    >
      <PageSection>
        {certificate === undefined && (
          <ToggleGroup aria-label="Type">
            {types.map((t) => <ToggleGroupItem key={t} text={ticketTypeWords[t]} isSelected={t === type} onChange={() => change({ type: t === 'certificate' ? '' : t })} />)}
          </ToggleGroup>
        )}
        <div className="cd-form">
          {type === 'certificate' ? <RequestForm certificate={certificate} leave={leave} /> : <RevokeForm leave={leave} />}
        </div>
      </PageSection>
    </Page>
  );
}
