"""Sample documents, written for this project: fictional parties in fictional countries.

- `origin-certificate.json`: cashmere yarn, without findings
- `phytosanitary.xml`: seed potatoes, without findings
- `phytosanitary-warnings.xml`: acceptable, with warnings
- `origin-certificate-rule-broken.json`: complete, and breaks rules
- `phytosanitary-incomplete.xml`: an SPS certificate without mandatory fields
- `not-a-certificate.xml`: XML, and no certificate
"""
