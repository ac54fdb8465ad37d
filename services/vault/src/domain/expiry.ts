const LAST_TIME_ZONE_HOURS = 12;

/** A card is good until its month has ended everywhere; the last place is at UTC-12. */
export function isExpired(card: { expiryMonth: number; expiryYear: number }, now: Date): boolean {
  return now.getTime() >= Date.UTC(card.expiryYear, card.expiryMonth, 1, LAST_TIME_ZONE_HOURS);
}
