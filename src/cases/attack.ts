/** The techniques of MITRE ATT&CK (Enterprise) by tactic, in its order: what it calls them is with the records, which of them belong together is not. */

interface Tactic {
  readonly id: string;
  readonly name: string;
  /** Without `T1`. */
  readonly techniques: ReadonlySet<string>;
}

function tactic(id: string, name: string, techniques: string): Tactic {
  return { id, name, techniques: new Set(techniques.split(" ")) };
}

export const TACTICS: readonly Tactic[] = [
  tactic("TA0043", "Reconnaissance", "595 592 589 590 591 598 597 596 593 594"),
  tactic("TA0042", "Resource Development", "650 583 586 584 587 585 588 608"),
  tactic("TA0001", "Initial Access", "659 189 190 133 200 566 091 195 199 078 669"),
  tactic("TA0002", "Execution", "651 059 609 610 675 203 674 559 106 053 648 129 072 569 204 047"),
  tactic("TA0003", "Persistence", "098 197 547 037 671 176 554 136 543 546 668 133 574 525 556 112 137 653 542 053 505 205 078"),
  tactic("TA0004", "Privilege Escalation", "548 134 098 547 037 543 484 611 546 068 574 055 053 078"),
  tactic("TA0005", "Defense Evasion", "548 134 197 612 622 140 610 006 484 672 480 211 222 564 574 562 656 070 202 036 556 578 666 112 601 599 027 647 542 055 620 207 014 553 218 216 221 205 127 535 550 078 497 600 220"),
  tactic("TA0006", "Credential Access", "557 110 555 212 187 606 056 556 111 621 040 003 528 649 558 539 552"),
  tactic("TA0007", "Discovery", "087 010 217 580 538 526 619 613 622 652 482 083 615 654 046 135 040 201 120 069 057 012 018 518 082 614 016 049 033 007 124 673 497"),
  tactic("TA0008", "Lateral Movement", "210 534 570 563 021 091 072 080 550"),
  tactic("TA0009", "Collection", "557 560 123 119 185 115 530 602 213 005 039 025 074 114 056 113 125"),
  tactic("TA0011", "Command and Control", "071 092 659 132 001 568 573 008 665 105 104 095 571 572 090 219 205 102"),
  tactic("TA0010", "Exfiltration", "020 030 048 041 011 052 567 029 537"),
  tactic("TA0040", "Impact", "531 485 486 565 491 561 667 499 657 495 490 498 496 489 529"),
];
