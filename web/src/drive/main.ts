// What the pages of drivers can do where scripts run: they are live, say when they are not, and put the form of the
// payment company in. They work without.
import { follow } from './checkout';
import { near } from './find';
import { arrive, watch } from './offer';

switch (document.body.dataset.kind) {
  case 'checkout':
    follow();
    break;
  case 'offer':
    watch();
    break;
  case 'later':
    arrive();
    break;
  case 'find':
    near();
    break;
}
