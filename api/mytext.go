package api

// myEnglish are the texts of the pages of drivers' accounts, and of the mails to drivers.
var myEnglish = map[string]string{
	"my-title": "My charging", "my-test": "Test mode – mails are not sent", "my-home": "Now", "my-history": "History", "my-cards": "Charging cards", "my-nav-cards": "Cards", "hours": "h", "my-pay": "Payment", "my-settings": "Settings",
	"my-hello": "Hello %s", "my-now": "Charging now", "my-now-none": "Nothing is charging. Scan the code on a charger to begin, or hold a charging card to it.",
	"my-accounts": "How you pay", "my-accounts-none": "You have no account to pay from. Ask who runs the chargers for one.", "my-kind-prepaid": "Balance", "my-kind-postpaid": "Account", "my-kind-roaming": "Partner",
	"my-kind-prepaid-more": "What you have left to charge for.", "my-kind-postpaid-more": "What you have charged for and not paid yet.", "my-kind-roaming-more": "A partner pays.",
	"my-credit": "You can charge until you owe %s.", "my-blocked": "blocked", "my-works": "works", "my-left": "%s left", "my-recent": "Latest charges", "my-recent-none": "You have not charged yet. Each charge comes here with its receipt, a minute after it has ended.",
	"my-all": "All charges", "my-older": "Older charges", "my-csv": "Download all as a table (CSV)", "my-record-credit": "credit", "my-record-replacement": "corrected",

	"my-sign-in": "Sign in", "my-sign-in-new": "With an account you begin to charge with one press, use charging cards, and have all receipts in one place. You are sent a link; there is no password.",
	"my-sign-in-known": "You are sent a link to the address that we know you by. There is no password.", "my-sign-in-how": "The link works once, for %d minutes.",
	"my-email": "E-mail address", "my-send": "Send me a link", "my-no-mail": "Mails are not set up here yet, so you cannot sign in. Ask who runs the chargers.",
	"my-sent": "Look in your mail", "my-sent-more": "If %s can be used here, a link is on its way there. It works for %d minutes. Not there? Look among the spam.", "my-sent-again": "Use another address",
	"my-test-link": "Test mode", "my-test-link-more": "No mail is sent in test mode. This is the link that would be in it.", "my-test-link-open": "Open the link",
	"my-link-more": "You sign in with %s.", "my-link-not-you": "Did you not ask for this? Then close the page: nothing happens.", "my-link-other": "Somebody else has signed in here", "my-link-other-more": "%s is signed out when you go on.",
	"my-join": "Open an account", "my-join-more": "Nobody has an account with %s yet. Say what you are called, and you have one with %s.", "my-join-button": "Open the account", "my-name": "Name", "my-choose": "Which account?",
	"my-link-email": "New e-mail address", "my-link-email-more": "From now on you sign in with %s. You are signed out everywhere else.", "my-link-email-button": "Use this address",

	"my-phone": "Started on this page", "my-cards-none": "You have no charging card here yet. You can charge all the same: scan the code on a charger.", "my-card-add": "Add a charging card", "my-card-more": "Name, limits, remove", "my-card-name": "What you call it",
	"my-block": "Block – I have lost it", "my-block-phone": "Block starts on this page", "my-unblock": "Unblock", "my-blocked-operator": "Who runs the chargers has blocked it. Ask there.", "my-limits": "The most in a calendar month. Empty is no limit. Charging stops when energy or cost gets there.",
	"my-limit-kwh": "Energy, kWh", "my-limit-amount": "Cost, %s", "my-limit-sessions": "Number of charges", "my-save": "Save", "my-remove": "Remove the card", "my-remove-more": "If you remove it, the card stops working. Its charges stay in your history.", "my-cards-back": "Back to the cards",
	"my-tap-how": "Stand at a charger with the card. Say which charger, hold the card to it, and follow the steps here. It takes a minute.", "my-tap-station": "Code on the outlet, or name of the charger", "my-tap-account": "Account that pays", "my-tap-here": "I stand there",
	"my-tap-first": "Hold the card to %s", "my-tap-until": "Before %s. The charger will say no: that is as it should be.", "my-tap-mine": "Say that the card is yours", "my-tap-seen": "A card that ends with %s was held there.", "my-tap-yes": "%s is my card",
	"my-tap-again": "Hold the same card there once more", "my-tap-again-more": "Before %s. This shows that you have it in your hand.", "my-tap-done": "Add it", "my-tap-add": "Add %s",
	"my-tap-over": "The time is over.", "my-tap-over-more": "Begin again when you are at the charger.", "my-tap-several": "More than one card was held there.", "my-tap-several-more": "So that nobody gets the card of somebody else, begin again when you are alone at the charger.",

	"my-pay-none": "No bank card is on file.", "my-pay-add": "Pay by bank card", "my-pay-another": "Use another bank card", "my-pay-cannot": "Bank cards cannot be put on file here.", "my-pay-no-account": "Your account is not one that pays by bank card.", "my-pay-agree": "What you agree to", "my-pay-text": "What you have agreed to",
	"my-pay-active": "each charge is paid by it", "my-pay-awaiting": "not given yet", "my-pay-waiting": "Bank card", "my-pay-remove": "Remove the bank card", "my-pay-remove-more": "If you remove it, what you charge from then on is invoiced.",
	"my-pay-test": "Test mode: no payment company is connected. What should the customer do?", "my-pay-test-yes": "Give a card (test)", "my-pay-test-no": "Decline (test)",

	"my-me": "You", "my-street": "Street", "my-postal": "Postal code", "my-city": "City", "my-language": "Language", "my-email-new": "New e-mail address", "my-email-more": "A link is sent to it. Nothing changes before you use that.", "my-email-send": "Send the link",
	"my-sessions": "Where you are signed in", "my-browser": "A browser", "my-this": "here", "my-seen": "last used %s", "my-out": "Sign out", "my-out-everywhere": "Sign out everywhere",
	"my-data": "Your data", "my-data-more": "All that we keep of you, in a file that programs can read.", "my-export": "Download my data (JSON)", "my-delete": "Delete my account", "my-settings-back": "Back to the settings",
	"my-delete-more": "Your name, addresses, cards and sign-ins are deleted. It cannot be undone.", "my-delete-stays": "Receipts stay, without your name, as the law on bookkeeping says. Download what you want to keep before.", "my-delete-sure": "Yes, delete my account", "my-delete-button": "Delete for ever",
	"my-keep": "It cannot be deleted yet.", "my-keep-charging": "A car is charging. Stop it first.", "my-keep-unsettled": "A charge has just ended and is not settled yet. Try again in some minutes; if somebody has to look at it, it may take some days.",
	"my-keep-owed": "Something is not paid yet.", "my-keep-held": "Money is set aside for a charge that is not settled.", "my-keep-deposit": "You have money left. Ask who runs the chargers to pay it back first.",

	"my-offer-title": "Signed in as %s", "my-offer-start": "Charge with my account", "my-offer-sign-in": "I have an account",

	"my-done-out": "You are signed out.", "my-done-stop": "The charger is stopping. It takes some seconds.", "my-done-start": "The charger is ready: plug in the car. If it is in already, it begins by itself in some seconds.",
	"my-done-card": "Saved.", "my-done-blocked": "The card is blocked. Nobody can charge with it.", "my-done-unblocked": "The card works again.", "my-done-removed": "The card is removed.", "my-done-added": "The card is added. You can charge with it now.",
	"my-done-pay": "The card is on file. Your charges are paid by it.", "my-done-pay-removed": "The card is removed, and is not charged any more.", "my-done-saved": "Saved.", "my-done-email": "Your e-mail address is changed.", "my-done-session": "That browser is signed out.", "my-done-deleted": "Your account is deleted.",
	"my-problem-often": "That was a bit too often. Wait some minutes and try again.", "my-problem-email": "That is no e-mail address, as in name@example.com.", "my-problem-mail": "The mail could not be sent. Try again in a moment.", "my-problem-link": "That link was used, or is too old. Have a new one sent.",
	"my-problem-name": "Say what you are called.", "my-problem-choose": "Choose one of them.", "my-problem-stop": "Charging could not be stopped just now. Try again, or unplug the car.", "my-problem-start": "The charger said no. Unplug the car, plug it in again and try once more, or take another outlet. Nothing was charged.",
	"my-problem-offline": "There is no contact with the charger. Choose another one.", "my-problem-price": "The price has changed since you opened the page. Look at it and choose again. Nothing was charged.", "my-problem-may-not": "It could not begin: the outlet is reserved, a limit of yours is reached, or your account cannot pay for more. Nothing was charged.",
	"my-problem-card": "That could not be done with the card.", "my-problem-limits": "A limit is a number above 0, or empty.", "my-problem-unblock": "Who runs the chargers has blocked it, and can unblock it.", "my-problem-remove": "The card cannot be removed: it is charging, or blocked by who runs the chargers.",
	"my-problem-tap": "The card could not be added. Look at the steps, and begin again if they do not go on.", "my-problem-station": "There is no such charger. Look at the code on the outlet.", "my-problem-tap-other": "Somebody else adds a card at this charger right now. Wait some minutes.",
	"my-problem-pay": "That did not work with the payment company. Try again.", "my-problem-saved": "It could not be saved: look at the name and the address.", "my-problem-session": "That browser was signed out already.", "my-problem-sure": "Say that you are sure.", "my-problem-kept": "It cannot be deleted yet.",

	"my-mail-sign-in-subject": "Sign in to %s", "my-mail-sign-in": "Here is your link to sign in to %s:\n\n%s\n\nIt works once, for %d minutes. Did you not ask for it? Then do nothing.",
	"my-mail-new-subject": "Open an account with %s", "my-mail-new": "Somebody, probably you, wants to open an account for charging with %s by this address:\n\n%s\n\nThe link works once, for %d minutes. Did you not ask for it? Then do nothing.",
	"my-mail-email-subject": "Your new address with %s", "my-mail-email": "This address is to be used to sign in to %s. Confirm it here:\n\n%s\n\nThe link works once, for %d minutes. Did you not ask for it? Then do nothing.",
	"my-mail-moved-subject": "Your address with %s was changed", "my-mail-moved": "Another e-mail address is now used to sign in to your account with %s. If that was not you, tell us at once.",
}

// mySwedish are the same in Swedish.
var mySwedish = map[string]string{
	"my-title": "Min laddning", "my-test": "Testläge – inga mejl skickas", "my-home": "Nu", "my-history": "Historik", "my-cards": "Laddkort", "my-nav-cards": "Kort", "hours": "tim", "my-pay": "Betalning", "my-settings": "Inställningar",
	"my-hello": "Hej %s", "my-now": "Laddar nu", "my-now-none": "Ingenting laddar. Skanna koden på en laddare för att börja, eller håll ett laddkort mot den.",
	"my-accounts": "Så betalar du", "my-accounts-none": "Du har inget konto att betala från. Be den som driver laddarna om ett.", "my-kind-prepaid": "Saldo", "my-kind-postpaid": "Konto", "my-kind-roaming": "Partner",
	"my-kind-prepaid-more": "Det du har kvar att ladda för.", "my-kind-postpaid-more": "Det du har laddat för men inte betalat än.", "my-kind-roaming-more": "En partner betalar.",
	"my-credit": "Du kan ladda tills skulden är %s.", "my-blocked": "spärrat", "my-works": "fungerar", "my-left": "%s kvar", "my-recent": "Senaste laddningar", "my-recent-none": "Du har inte laddat än. Varje laddning hamnar här med sitt kvitto, någon minut efter att den är klar.",
	"my-all": "Alla laddningar", "my-older": "Äldre laddningar", "my-csv": "Hämta allt som tabell (CSV)", "my-record-credit": "kreditering", "my-record-replacement": "rättad",

	"my-sign-in": "Logga in", "my-sign-in-new": "Med ett konto börjar du ladda med ett tryck, använder laddkort och har alla kvitton på ett ställe. Du får en länk; det finns inget lösenord.",
	"my-sign-in-known": "Du får en länk till den adress som vi har till dig. Det finns inget lösenord.", "my-sign-in-how": "Länken fungerar en gång, i %d minuter.",
	"my-email": "E-postadress", "my-send": "Skicka en länk", "my-no-mail": "Mejl är inte inställt här än, så det går inte att logga in. Fråga den som driver laddarna.",
	"my-sent": "Titta i din mejl", "my-sent-more": "Om %s går att använda här är en länk på väg dit. Den fungerar i %d minuter. Kom den inte? Titta i skräpposten.", "my-sent-again": "Använd en annan adress",
	"my-test-link": "Testläge", "my-test-link-more": "Inga mejl skickas i testläget. Det här är länken som skulle stå i mejlet.", "my-test-link-open": "Öppna länken",
	"my-link-more": "Du loggar in som %s.", "my-link-not-you": "Bad du inte om det här? Stäng sidan, så händer ingenting.", "my-link-other": "Någon annan är inloggad här", "my-link-other-more": "%s loggas ut när du går vidare.",
	"my-join": "Öppna ett konto", "my-join-more": "Ingen har ett konto med %s än. Skriv vad du heter, så har du ett hos %s.", "my-join-button": "Öppna kontot", "my-name": "Namn", "my-choose": "Vilket konto?",
	"my-link-email": "Ny e-postadress", "my-link-email-more": "Från och med nu loggar du in med %s. Du loggas ut överallt annars.", "my-link-email-button": "Använd adressen",

	"my-phone": "Startat på den här sidan", "my-cards-none": "Du har inget laddkort här än. Du kan ladda ändå: skanna koden på en laddare.", "my-card-add": "Lägg till ett laddkort", "my-card-more": "Namn, gränser, ta bort", "my-card-name": "Vad du kallar det",
	"my-block": "Spärra – jag har tappat det", "my-block-phone": "Spärra starter på sidan", "my-unblock": "Häv spärren", "my-blocked-operator": "Den som driver laddarna har spärrat det. Fråga där.", "my-limits": "Det mesta under en kalendermånad. Tomt är ingen gräns. Laddningen stoppas när energin eller kostnaden når dit.",
	"my-limit-kwh": "Energi, kWh", "my-limit-amount": "Kostnad, %s", "my-limit-sessions": "Antal laddningar", "my-save": "Spara", "my-remove": "Ta bort kortet", "my-remove-more": "Tar du bort kortet slutar det fungera. Laddningarna finns kvar i historiken.", "my-cards-back": "Tillbaka till korten",
	"my-tap-how": "Ställ dig vid en laddare med kortet. Tala om vilken laddare, håll kortet mot den och följ stegen här. Det tar en minut.", "my-tap-station": "Koden på uttaget, eller laddarens namn", "my-tap-account": "Konto som betalar", "my-tap-here": "Jag står där",
	"my-tap-first": "Håll kortet mot %s", "my-tap-until": "Senast %s. Laddaren säger nej: så ska det vara.", "my-tap-mine": "Säg att kortet är ditt", "my-tap-seen": "Ett kort som slutar på %s hölls dit.", "my-tap-yes": "%s är mitt kort",
	"my-tap-again": "Håll samma kort där en gång till", "my-tap-again-more": "Senast %s. Det visar att du har det i handen.", "my-tap-done": "Lägg till det", "my-tap-add": "Lägg till %s",
	"my-tap-over": "Tiden är slut.", "my-tap-over-more": "Börja om när du står vid laddaren.", "my-tap-several": "Mer än ett kort hölls mot laddaren.", "my-tap-several-more": "För att ingen ska få någon annans kort: börja om när du är ensam vid laddaren.",

	"my-pay-none": "Inget betalkort är sparat.", "my-pay-add": "Betala med betalkort", "my-pay-another": "Använd ett annat betalkort", "my-pay-cannot": "Betalkort kan inte sparas här.", "my-pay-no-account": "Ditt konto är inte ett som betalas med betalkort.", "my-pay-agree": "Det här går du med på", "my-pay-text": "Det här har du gått med på",
	"my-pay-active": "varje laddning betalas med det", "my-pay-awaiting": "inte lämnat än", "my-pay-waiting": "Betalkort", "my-pay-remove": "Ta bort betalkortet", "my-pay-remove-more": "Tar du bort det faktureras det du laddar därefter.",
	"my-pay-test": "Testläge: inget betalföretag är anslutet. Vad ska kunden göra?", "my-pay-test-yes": "Lämna ett kort (test)", "my-pay-test-no": "Avböj (test)",

	"my-me": "Du", "my-street": "Gata", "my-postal": "Postnummer", "my-city": "Ort", "my-language": "Språk", "my-email-new": "Ny e-postadress", "my-email-more": "En länk skickas dit. Inget ändras förrän du använder den.", "my-email-send": "Skicka länken",
	"my-sessions": "Här är du inloggad", "my-browser": "En webbläsare", "my-this": "här", "my-seen": "användes senast %s", "my-out": "Logga ut", "my-out-everywhere": "Logga ut överallt",
	"my-data": "Dina uppgifter", "my-data-more": "Allt som vi har om dig, i en fil som program kan läsa.", "my-export": "Hämta mina uppgifter (JSON)", "my-delete": "Radera mitt konto", "my-settings-back": "Tillbaka till inställningarna",
	"my-delete-more": "Ditt namn, dina adresser, kort och inloggningar raderas. Det går inte att ångra.", "my-delete-stays": "Kvitton finns kvar utan ditt namn, som bokföringslagen kräver. Hämta först det du vill spara.", "my-delete-sure": "Ja, radera mitt konto", "my-delete-button": "Radera för alltid",
	"my-keep": "Det går inte att radera än.", "my-keep-charging": "En bil laddar. Stoppa den först.", "my-keep-unsettled": "En laddning har nyss tagit slut och är inte avräknad än. Försök igen om några minuter; om någon måste titta på den kan det ta några dagar.",
	"my-keep-owed": "Något är inte betalt än.", "my-keep-held": "Pengar är reserverade för en laddning som inte är avräknad.", "my-keep-deposit": "Du har pengar kvar. Be den som driver laddarna att betala tillbaka dem först.",

	"my-offer-title": "Inloggad som %s", "my-offer-start": "Ladda med mitt konto", "my-offer-sign-in": "Jag har ett konto",

	"my-done-out": "Du är utloggad.", "my-done-stop": "Laddaren stoppar. Det tar några sekunder.", "my-done-start": "Laddaren är redo: anslut bilen. Sitter kabeln redan i börjar det av sig självt inom några sekunder.",
	"my-done-card": "Sparat.", "my-done-blocked": "Kortet är spärrat. Ingen kan ladda med det.", "my-done-unblocked": "Kortet fungerar igen.", "my-done-removed": "Kortet är borttaget.", "my-done-added": "Kortet är tillagt. Du kan ladda med det nu.",
	"my-done-pay": "Kortet är sparat. Dina laddningar betalas med det.", "my-done-pay-removed": "Kortet är borttaget och debiteras inte mer.", "my-done-saved": "Sparat.", "my-done-email": "Din e-postadress är ändrad.", "my-done-session": "Den webbläsaren är utloggad.", "my-done-deleted": "Ditt konto är raderat.",
	"my-problem-often": "Det var lite för ofta. Vänta några minuter och försök igen.", "my-problem-email": "Det är ingen e-postadress, som namn@example.com.", "my-problem-mail": "Mejlet kunde inte skickas. Försök igen om en stund.", "my-problem-link": "Länken är använd eller för gammal. Be om en ny.",
	"my-problem-name": "Skriv vad du heter.", "my-problem-choose": "Välj ett av dem.", "my-problem-stop": "Laddningen kunde inte stoppas just nu. Försök igen, eller dra ur kabeln.", "my-problem-start": "Laddaren sa nej. Dra ur kabeln, sätt i den igen och försök en gång till, eller ta ett annat uttag. Inget debiterades.",
	"my-problem-offline": "Det finns ingen kontakt med laddaren. Välj en annan.", "my-problem-price": "Priset har ändrats sedan du öppnade sidan. Titta på det och välj igen. Inget debiterades.", "my-problem-may-not": "Det kunde inte börja: uttaget är reserverat, en av dina gränser är nådd eller kontot räcker inte till mer. Inget debiterades.",
	"my-problem-card": "Det gick inte att göra med kortet.", "my-problem-limits": "En gräns är ett tal över 0, eller tom.", "my-problem-unblock": "Den som driver laddarna har spärrat det och kan häva spärren.", "my-problem-remove": "Kortet kan inte tas bort: det laddar, eller är spärrat av den som driver laddarna.",
	"my-problem-tap": "Kortet kunde inte läggas till. Titta på stegen, och börja om ifall de inte går vidare.", "my-problem-station": "Den laddaren finns inte. Titta på koden på uttaget.", "my-problem-tap-other": "Någon annan lägger till ett kort vid laddaren just nu. Vänta några minuter.",
	"my-problem-pay": "Det gick inte hos betalföretaget. Försök igen.", "my-problem-saved": "Det kunde inte sparas: titta på namnet och adressen.", "my-problem-session": "Den webbläsaren var redan utloggad.", "my-problem-sure": "Säg att du är säker.", "my-problem-kept": "Det går inte att radera än.",

	"my-mail-sign-in-subject": "Logga in hos %s", "my-mail-sign-in": "Här är länken som loggar in dig hos %s:\n\n%s\n\nDen fungerar en gång, i %d minuter. Bad du inte om den? Gör då ingenting.",
	"my-mail-new-subject": "Öppna ett konto hos %s", "my-mail-new": "Någon, troligen du, vill öppna ett konto för laddning hos %s med den här adressen:\n\n%s\n\nLänken fungerar en gång, i %d minuter. Bad du inte om den? Gör då ingenting.",
	"my-mail-email-subject": "Din nya adress hos %s", "my-mail-email": "Den här adressen ska användas för att logga in hos %s. Bekräfta den här:\n\n%s\n\nLänken fungerar en gång, i %d minuter. Bad du inte om den? Gör då ingenting.",
	"my-mail-moved-subject": "Din adress hos %s är ändrad", "my-mail-moved": "En annan e-postadress används nu för att logga in på ditt konto hos %s. Om det inte var du, hör av dig genast.",
}
